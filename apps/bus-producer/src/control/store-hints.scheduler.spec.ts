import { Clock, MetricsRegistry } from '@bus/app-shell';
import { EventControlStore, type StoreHintValues } from '@bus/store';
import { Logger } from '@nestjs/common';
import { StoreHints } from '../publish/store-hints';
import { StoreHintsScheduler } from './store-hints.scheduler';

/** A clock and a store whose answer takes a given time. */
class Scene extends EventControlStore {
  nowMs = 1_000_000;
  answerMs = 10;
  values: StoreHintValues = { knownTypes: ['a', 'b'], orderedTypes: ['b'], databaseNowMs: 0 };
  asked = 0;
  readonly clock: Clock = { now: () => new Date(this.nowMs), monotonicMs: () => this.nowMs };
  cancel = () => Promise.reject(new Error('not asked for'));
  reschedule = () => Promise.reject(new Error('not asked for'));
  getEvent = () => Promise.reject(new Error('not asked for'));
  hints = (): Promise<StoreHintValues> => {
    this.asked += 1;
    this.nowMs += this.answerMs;
    return Promise.resolve(this.values);
  };
}

describe(StoreHintsScheduler.name, () => {
  const start = () => {
    const scene = new Scene();
    const hints = new StoreHints();
    return {
      scene,
      hints,
      scheduler: new StoreHintsScheduler(scene, hints, scene.clock, new MetricsRegistry()),
    };
  };

  let warn: jest.SpyInstance;
  beforeEach(() => {
    warn = jest.spyOn(Logger.prototype, 'warn').mockReturnValue();
  });
  afterEach(() => warn.mockRestore());

  it('fills the hints', async () => {
    const { hints, scheduler } = start();
    await scheduler.refresh();
    expect(hints.knownTypes).toEqual(new Set(['a', 'b']));
    expect(hints.orderedTypes).toEqual(new Set(['b']));
  });

  it('takes the database to have read its clock at once, so that no delay ends early', async () => {
    const { scene, hints, scheduler } = start();
    scene.values.databaseNowMs = 1_000_000 + 40;
    await scheduler.refresh();
    expect(hints.databaseOffsetMs).toBe(40);
    expect(warn).not.toHaveBeenCalled();
  });

  it('warns once when the clocks are more than half a second apart', async () => {
    const { scene, hints, scheduler } = start();
    for (const round of [1, 2]) {
      scene.values.databaseNowMs = scene.nowMs - 600;
      await scheduler.refresh();
      expect({ round, warnings: warn.mock.calls.length }).toEqual({ round, warnings: 1 });
    }
    expect(hints.databaseOffsetMs).toBe(-600);
  });

  it('believes no clock that came after a long time, once it knows a better one', async () => {
    const { scene, hints, scheduler } = start();
    scene.values.databaseNowMs = scene.nowMs + 40;
    await scheduler.refresh();
    scene.answerMs = 300;
    scene.values.databaseNowMs = 2_000_000;
    await scheduler.refresh();
    expect(hints.databaseOffsetMs).toBe(40);
    expect(hints.knownTypes?.size).toBe(2);
  });

  it('takes the first clock however long it took: the own one may be wrong by any amount', async () => {
    const { scene, hints, scheduler } = start();
    scene.answerMs = 4_000;
    scene.values.databaseNowMs = scene.nowMs + 300_000;
    await scheduler.refresh();
    expect(hints.databaseOffsetMs).toBe(300_000);
  });

  it('does not ask again while it waits for an answer', async () => {
    const { scene, scheduler } = start();
    await Promise.all([scheduler.refresh(), scheduler.refresh()]);
    expect(scene.asked).toBe(1);
    await scheduler.refresh();
    expect(scene.asked).toBe(2);
  });
});
