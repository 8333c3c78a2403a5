import { Logger } from '@nestjs/common';
import { settled } from '../testing/manual-time';
import { openStages, type Stages } from '../testing/stages';
import { SettleBatch } from './settle-batch';

const ids = (count: number) => Array.from({ length: count }, (_, n) => `event-${n}`);

describe(SettleBatch, () => {
  let stages: Stages;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    stages = await openStages([{ name: 'sms.send', concurrency: 5000 }]);
  });

  it('writes what piled up, 500 at most, in two closes at a time', async () => {
    const open: (() => void)[] = [];
    stages.ledger.onClose = () => new Promise((go) => open.push(() => go()));
    stages.accept(ids(1300));
    await settled();
    expect(stages.ledger.closes.map((ends) => ends.length)).toEqual([500, 500]);
    open.splice(0).forEach((go) => go());
    await settled();
    expect(stages.ledger.closes.map((ends) => ends.length)).toEqual([500, 500, 300]);
    open.splice(0).forEach((go) => go());
    await stages.settle.whenIdle();
    expect(stages.inHand.size).toBe(0);
    expect(stages.slots.held(1)).toBe(0);
    expect(stages.window.size).toBe(0);
  });

  it('keeps results while the store is away, with their slots, and writes them when it is back', async () => {
    stages.ledger.onClose = () => Promise.reject(new Error('Connection terminated'));
    stages.accept(ids(3));
    await stages.time.advance(20_000);
    expect(stages.settle.isFailing).toBe(true);
    expect(stages.slots.held(1)).toBe(3);
    const tries = stages.ledger.closes.length;
    expect(tries).toBeGreaterThan(10);
    expect(tries).toBeLessThan(40);
    stages.ledger.onClose = () => Promise.resolve();
    await stages.time.advance(1000);
    expect(stages.settle.isFailing).toBe(false);
    expect(stages.ledger.closes.at(-1)?.length).toBe(3);
    expect(stages.slots.held(1)).toBe(0);
  });

  it('lets go of the one result that the database refuses, and writes all others', async () => {
    const written = new Set<string>();
    stages.ledger.onClose = (ends) => {
      if (ends.some((end) => end.eventId === 'event-13'))
        return Promise.reject(Object.assign(new Error('invalid input'), { code: '22P02' }));
      for (const end of ends) written.add(end.eventId);
      return Promise.resolve();
    };
    stages.accept(ids(100));
    await stages.time.advance(60_000);
    expect(written.size).toBe(99);
    expect(stages.inHand.size).toBe(0);
    // It was called: whatever happens, it is not given back as unsent.
    expect(stages.inHand.isUnknown('event-13', 1, 1)).toBe(false);
    expect(stages.inHand.isUnknown('event-12', 1, 1)).toBe(true);
    expect(stages.settle.isFailing).toBe(false);
  });

  it('drops and counts what was fenced off', async () => {
    stages.ledger.onClose = (ends) => Promise.resolve({ applied: ends.map((_, index) => index > 0) });
    stages.accept(ids(2));
    await stages.settle.whenIdle();
    await settled();
    expect((await stages.metrics.fencedOff.get()).values[0].value).toBe(1);
    expect(stages.slots.held(1)).toBe(0);
  });
});
