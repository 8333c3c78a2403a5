import { Logger } from '@nestjs/common';
import { settled } from '../testing/manual-time';
import { eventOf, openStages } from '../testing/stages';
import { LedgerSession } from './ledger-session';

const row = (eventId: string) => ({
  eventId,
  operationId: 1,
  attempt: 1,
  counted: 1,
  graphId: 1,
  key: null,
});

describe(LedgerSession, () => {
  beforeAll(() => Logger.overrideLogger(false));

  it('trap-07: gives back what a lost answer leased, before anything else is done', async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    stages.services.on('sms.send', () => 'silence');
    stages.accept(['held']);
    const lost = new Error('the answer to COMMIT was lost');
    await expect(
      stages.session.run(
        () => Promise.reject(lost),
        () => undefined,
      ),
    ).rejects.toBe(lost);
    stages.ledger.own = [row('held'), row('lost')];
    const order: string[] = [];
    stages.ledger.onClose = (ends) => {
      order.push(...ends.map((end) => `${end.eventId} ${end.outcome}`));
      return Promise.resolve();
    };
    await stages.session.run(
      async () => order.push('next'),
      () => undefined,
    );
    expect(order).toEqual(['lost given_back', 'next']);
  });

  it('lets what is under way finish before it looks', async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    const order: string[] = [];
    let finish: () => void = () => undefined;
    const slow = stages.session.run(
      () => new Promise<void>((go) => (finish = go)),
      () => order.push('slow ended'),
    );
    const failing = stages.session.run(
      () => Promise.reject(new Error('away')),
      () => undefined,
    );
    await expect(failing).rejects.toThrow('away');
    stages.ledger.ownInFlight = async () => {
      order.push('looked');
      return [];
    };
    const next = stages.session.run(
      async () => order.push('next'),
      () => undefined,
    );
    await settled();
    expect(order).toEqual([]);
    finish();
    await Promise.all([slow, next]);
    expect(order).toEqual(['slow ended', 'looked', 'next']);
  });

  it('looks again where looking failed', async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    let looks = 0;
    stages.ledger.ownInFlight = () =>
      looks++ === 0 ? Promise.reject(new Error('away')) : Promise.resolve([]);
    const run = (work: () => Promise<void>) => stages.session.run(work, () => 'done');
    await expect(run(() => Promise.reject(new Error('first')))).rejects.toThrow('first');
    await expect(run(() => Promise.resolve())).rejects.toThrow('away');
    expect(await run(() => Promise.resolve())).toBe('done');
    expect(looks).toBe(2);
  });

  it('holds the events that a transaction was told of until its outcome was taken', async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    const held = stages.window.hold(eventOf('a'));
    await stages.session.run(
      async (context) => {
        expect(context.event('a')?.messageId).toBe('a');
        expect(context.event('b')).toBeUndefined();
        stages.window.release(held); // another close lets it go meanwhile
      },
      () => expect(stages.window.get('a')).toBeDefined(),
    );
    expect(stages.window.get('a')).toBeUndefined();
  });
});
