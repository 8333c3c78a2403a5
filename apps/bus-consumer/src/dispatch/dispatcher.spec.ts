import { Logger } from '@nestjs/common';
import { completed, type OperationResult } from '@bus/contracts';
import { settled } from '../testing/manual-time';
import { eventOf, openStages, type Stages } from '../testing/stages';
import { Dispatcher } from './dispatcher';

describe(Dispatcher, () => {
  beforeAll(() => Logger.overrideLogger(false));
  const outcomes = (stages: Stages) =>
    stages.ledger.closes.flat().map((end) => [end.eventId, end.outcome] as const);

  it('makes no more calls at a time than the operation allows, in order of arrival', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 2 }]);
    const finish: (() => void)[] = [];
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => finish.push(() => go(completed()))),
    );
    stages.accept(['a', 'b', 'c']);
    await settled();
    expect(stages.services.callsOf('sms.send')).toEqual(['a', 'b']);
    finish[0]();
    await settled();
    expect(stages.services.callsOf('sms.send')).toEqual(['a', 'b', 'c']);
  });

  it('trap-14: gives back what has less than its timeout and a second of the lease left', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 1, timeoutMs: 5000 }]);
    let finish: () => void = () => undefined;
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => (finish = () => go(completed()))),
    );
    stages.accept(['a', 'b']);
    await settled();
    await stages.time.freeze(9001); // the process stands still: 15 s of lease, 6 s are needed
    finish();
    await stages.time.advance(1000);
    expect(stages.services.callsOf('sms.send')).toEqual(['a']);
    expect(outcomes(stages)).toContainEqual(['b', 'given_back']);
  });

  it('looks after queued executions whose turn does not come', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 1, timeoutMs: 4000 }]);
    stages.services.on('sms.send', () => 'silence');
    stages.accept(['a', 'b', 'c', 'd']);
    await stages.time.advance(20_000);
    // The lease is 12 s: a, b and c time out one after another; d would be called at 12 s.
    expect(outcomes(stages)).toEqual([
      ['a', 'timeout'],
      ['c', 'given_back'],
      ['d', 'given_back'],
      ['b', 'timeout'],
    ]);
    expect(stages.slots.held(1)).toBe(0);
  });

  it('gives back a rated execution whose token is half a second old', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 1, ratePerSecond: 10 }]);
    let finish: () => void = () => undefined;
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => (finish = () => go(completed()))),
    );
    stages.accept(['a', 'b']);
    await settled();
    await stages.time.freeze(501);
    finish();
    await settled();
    expect(outcomes(stages)).toEqual(
      expect.arrayContaining([
        ['a', 'completed'],
        ['b', 'given_back'],
      ]),
    );
  });

  it('drains: gives back the unsent, waits for calls, writes everything', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 1 }]);
    let finish: () => void = () => undefined;
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => (finish = () => go(completed()))),
    );
    stages.accept(['a', 'b']);
    await settled();
    let isDrained = false;
    const drained = stages.dispatcher.drain(20_000).then(() => (isDrained = true));
    await settled();
    expect(isDrained).toBe(false);
    expect(outcomes(stages)).toEqual([['b', 'given_back']]);
    finish();
    await drained;
    expect(outcomes(stages)).toEqual([
      ['b', 'given_back'],
      ['a', 'completed'],
    ]);
    stages.accept(['late']);
    await stages.settle.whenIdle();
    expect(outcomes(stages)).toContainEqual(['late', 'given_back']);
  });

  it('stops waiting for calls that take longer than the stop may', async () => {
    const stages = await openStages([{ name: 'sms.send', timeoutMs: 30_000 }]);
    stages.services.on('sms.send', () => 'silence');
    stages.accept(['a']);
    const drained = stages.dispatcher.drain(20_000);
    await stages.time.advance(20_000);
    await drained;
    expect(stages.ledger.closes).toEqual([]);
  });

  it('ends an attempt whose call cannot even be made, and goes on', async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    stages.services.call = () => {
      throw new TypeError('Invalid URL');
    };
    stages.accept(['a']);
    await stages.settle.whenIdle();
    await settled();
    expect(stages.ledger.closes.flat()[0]).toMatchObject({ outcome: 'rejected', code: 'not_callable' });
  });

  it('trap-16: gives back what is queued for a service that has gone away, unburnt', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 2 }]);
    stages.services.on('sms.send', () => ({ signal: { kind: 'unreachable', reason: 'ECONNREFUSED' } }));
    const ids = Array.from({ length: 30 }, (_, n) => `e${n}`);
    stages.accept(ids);
    await stages.time.advance(500);
    const ended = outcomes(stages);
    const refused = ended.filter(([, outcome]) => outcome === 'unreachable').length;
    expect(refused).toBeGreaterThanOrEqual(10);
    expect(refused).toBeLessThanOrEqual(12);
    expect(ended.filter(([, outcome]) => outcome === 'given_back')).toHaveLength(30 - refused);
    expect(stages.slots.held(1)).toBe(0);
    await stages.time.advance(1000);
    const before = stages.services.callCount;
    stages.accept(['probe', 'not-now']);
    await stages.time.advance(100);
    expect(stages.services.callCount - before).toBe(1);
    expect(outcomes(stages)).toContainEqual(['not-now', 'given_back']);
  });

  it('knows which of those in hand are retries, until they have ended', async () => {
    const stages = await openStages([{ name: 'sms.send', concurrency: 4 }]);
    stages.services.on('sms.send', () => 'silence');
    const free = stages.slots.retryRoom(1);
    stages.slots.reserve(1, 2);
    const execution = { operationId: 1, counted: 1, inputs: null, forcedRuns: 0 };
    stages.dispatcher.accept(
      {
        executions: [
          { ...execution, eventId: 'first', attempt: 1 },
          { ...execution, eventId: 'again', attempt: 2 },
        ],
        events: ['first', 'again'].map(eventOf),
      },
      { startedMs: stages.time.clock.monotonicMs() },
    );
    expect(stages.slots.retryRoom(1)).toBe(free - 1);
    await stages.time.advance(6000);
    expect(stages.slots.held(1)).toBe(0);
    stages.slots.heldRetry(1, 1);
    expect(stages.slots.retryRoom(1)).toBe(Math.floor(stages.slots.capacity(1) / 5) - 1);
  });
});
