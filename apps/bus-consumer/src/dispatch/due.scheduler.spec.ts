import { Logger } from '@nestjs/common';
import { openStages, eventOf, type Stages } from '../testing/stages';
import { DueScheduler } from './due.scheduler';

describe(DueScheduler, () => {
  let stages: Stages;
  let leasesEnded: number;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    stages = await openStages([{ name: 'sms.send' }]);
    leasesEnded = 0;
  });
  const start = () => stages.due.start(() => leasesEnded++);

  it('asks about once a second while idle, and claims nothing', async () => {
    start();
    await stages.time.advance(60_000);
    expect(stages.ledger.pulses).toBeGreaterThanOrEqual(46);
    expect(stages.ledger.pulses).toBeLessThanOrEqual(49);
    expect(stages.ledger.claims).toEqual([]);
  });

  it('looks above the marks of the pulse before', async () => {
    stages.ledger.onPulse = () => Promise.resolve({ lowWater: new Map([[1, 'mark']]) });
    start();
    await stages.time.advance(2500);
    expect(stages.ledger.looks.map(({ lowWater }) => lowWater.get(1))).toEqual([undefined, 'mark', 'mark']);
  });

  it('looks at leases in a twentieth of the time at most', async () => {
    start();
    await stages.time.advance(1500);
    expect(stages.ledger.looks.map(({ leases }) => leases)).toEqual([true, true]);
    stages.ledger.onPulse = () => new Promise((done) => stages.time.after(150, () => done({})));
    await stages.time.advance(20_000);
    const looks = stages.ledger.looks.slice(2).map(({ leases }) => leases);
    expect(looks.slice(0, 4)).toEqual([true, false, false, true]);
  });

  it('claims what the pulse says, and again while there is more', async () => {
    let left = 3;
    stages.ledger.onPulse = () => Promise.resolve({ dueOperationIds: left > 0 ? [1] : [] });
    stages.ledger.onClaim = () => {
      left--;
      const eventId = `event-${left}`;
      return Promise.resolve({
        executions: [{ eventId, operationId: 1, attempt: 2, counted: 2, inputs: null, forcedRuns: 0 }],
        events: [eventOf(eventId)],
        more: new Set(left > 0 ? [1] : []),
      });
    };
    start();
    await stages.time.advance(900);
    expect(stages.services.callsOf('sms.send')).toEqual(['event-2', 'event-1', 'event-0']);
    expect(stages.slots.held(1)).toBe(0);
  });

  it('is there when the next row is due', async () => {
    stages.ledger.onPulse = () => Promise.resolve({ nextDueInMs: stages.ledger.pulses === 1 ? 300 : null });
    start();
    await stages.time.advance(299);
    expect(stages.ledger.pulses).toBe(1);
    await stages.time.advance(10);
    expect(stages.ledger.pulses).toBe(2);
  });

  it('claims surplus without asking, and looks at a hinted time', async () => {
    start();
    await stages.time.advance(500);
    stages.session.hints.due(1);
    await stages.time.advance(1);
    expect(stages.ledger.claims.length).toBe(1);
    const { pulses } = stages.ledger;
    stages.session.hints.dueIn(200);
    await stages.time.advance(205);
    expect(stages.ledger.pulses).toBe(pulses + 1);
  });

  it('waits for a store that is away, and goes on by itself', async () => {
    stages.ledger.onPulse = () => Promise.reject(new Error('away'));
    start();
    await stages.time.advance(30_000);
    const { pulses } = stages.ledger;
    expect(pulses).toBeLessThan(45);
    expect(stages.due.lastPulseMs).toBeNull();
    stages.ledger.onPulse = () => Promise.resolve({ dueOperationIds: [1], leaseEnded: true });
    await stages.time.advance(1300);
    expect(stages.ledger.claims.length).toBeGreaterThan(0);
    expect(leasesEnded).toBeGreaterThan(0);
  });

  it('does nothing after it was stopped', async () => {
    start();
    await stages.time.advance(100);
    await stages.due.stop();
    const { pulses } = stages.ledger;
    stages.session.hints.due(1);
    await stages.time.advance(10_000);
    expect([stages.ledger.pulses, stages.ledger.claims.length]).toEqual([pulses, 0]);
  });
});
