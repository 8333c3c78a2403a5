import { Logger } from '@nestjs/common';
import type { ExpiredExecution } from '@bus/store';
import { openStages } from '../testing/stages';
import { LeaseScheduler } from './lease.scheduler';

const row = (eventId: string, operationId = 1): ExpiredExecution => ({
  eventId,
  operationId,
  attempt: 1,
  counted: 1,
  graphId: 1,
  key: null,
});

describe(LeaseScheduler, () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('closes attempts past their lease as unknown; at_most_once ones die', async () => {
    const stages = await openStages([{ name: 'points.grant' }, { name: 'sms.send', effect: 'at_most_once' }]);
    stages.ledger.past = [row('a', 1), row('b', 2)];
    await stages.leases.sweep();
    expect(stages.ledger.closes.flat().map((end) => [end.eventId, end.outcome, end.after.kind])).toEqual([
      ['a', 'unknown', 'again'],
      ['b', 'unknown', 'dead'],
    ]);
  });

  it('leaves what is in its own hands to its own end', async () => {
    const stages = await openStages([{ name: 'points.grant' }]);
    stages.services.on('points.grant', () => 'silence');
    stages.accept(['mine']);
    stages.ledger.past = [row('mine')];
    await stages.leases.sweep();
    expect(stages.ledger.closes).toEqual([]);
  });

  it('sweeps nothing while results in hand could not be written', async () => {
    const stages = await openStages([{ name: 'points.grant' }]);
    stages.ledger.onClose = () => Promise.reject(new Error('away'));
    stages.accept(['mine']);
    await stages.time.advance(50);
    const { length } = stages.ledger.closes;
    stages.ledger.past = [row('a')];
    await stages.leases.sweep();
    expect(stages.ledger.closes.length).toBe(length);
    stages.ledger.onClose = () => Promise.resolve();
    await stages.time.advance(1000);
    await stages.leases.sweep();
    expect(stages.ledger.closes.flat().at(-1)).toMatchObject({ eventId: 'a', outcome: 'unknown' });
  });
});
