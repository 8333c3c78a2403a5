import { OPERATION_DEFAULTS, type RetrySettings } from '@bus/contracts';
import { judgeAttempt, type AttemptSignal, type Judgement } from './judge-attempt';

const call = { executionId: 'c45bec34', operation: 'points.grant', attempt: 3, counted: 2 };
const named = { executionId: 'c45bec34', operation: 'points.grant', attempt: 3 };
const retry: RetrySettings = { ...OPERATION_DEFAULTS.retry, backoffMs: 1000, backoffCapMs: 60_000 };

function judge(
  signal: AttemptSignal,
  over: {
    retry?: Partial<RetrySettings>;
    effect?: 'at_least_once' | 'at_most_once';
    unknownForMs?: number;
  } = {},
): Judgement {
  return judgeAttempt(
    signal,
    call,
    { retry: { ...retry, ...over.retry }, effect: over.effect ?? 'at_least_once' },
    { random: 0.5, unknownOperationForMs: over.unknownForMs ?? 0 },
  );
}
const reply = (parts: object): AttemptSignal => ({ kind: 'reply', reply: { ...named, ...parts } });
const again = { kind: 'again', inMs: 1000, counts: true, maxAgeMs: retry.maxAgeMs };

describe(judgeAttempt, () => {
  it('ends a completed execution with its output', () => {
    expect(judge(reply({ status: 'completed', output: { code: 'SAVE-5' } }))).toMatchObject({
      outcome: 'completed',
      output: '{"code":"SAVE-5"}',
      after: { kind: 'ended' },
      duplicate: false,
    });
    expect(judge(reply({ status: 'completed', duplicate: true }))).toMatchObject({
      outcome: 'completed',
      output: null,
      duplicate: true,
    });
  });

  it('makes a dead letter of a rejected one, with the code of the handler', () => {
    expect(judge(reply({ status: 'rejected', code: 'out_of_stock', reason: 'none left' }))).toMatchObject({
      outcome: 'rejected',
      code: 'out_of_stock',
      reason: 'none left',
      after: { kind: 'dead', cause: 'rejected' },
    });
  });

  it('tries again after a retry reply, a timeout, a refused connection, an unseen end', () => {
    const signals: AttemptSignal[] = [
      reply({ status: 'retry' }),
      { kind: 'timeout' },
      { kind: 'unreachable', reason: 'ECONNREFUSED' },
      { kind: 'unknown', reason: 'the connection was lost' },
    ];
    expect(signals.map((signal) => judge(signal).outcome)).toEqual([
      'retry',
      'timeout',
      'unreachable',
      'unknown',
    ]);
    for (const signal of signals) expect(judge(signal).after).toEqual(again);
  });

  it('waits as long as the handler asks for, up to the cap', () => {
    const inMs = (retryAfterMs: unknown) => {
      const { after } = judge(reply({ status: 'retry', retryAfterMs }));
      return after.kind === 'again' ? after.inMs : null;
    };
    expect([5000, 10 * 365 * 86_400_000, -5, 'soon', Number.NaN].map(inMs)).toEqual([
      5000, 60_000, 1000, 1000, 1000,
    ]);
  });

  it('makes a dead letter when the last attempt is used up', () => {
    expect(judge({ kind: 'timeout' }, { retry: { maxAttempts: 2 } }).after).toEqual({
      kind: 'dead',
      cause: 'attempts_used_up',
    });
    expect(judge({ kind: 'timeout' }, { retry: { maxAttempts: 3 } }).after).toEqual(again);
  });

  it('gives back without counting and without a wait', () => {
    expect(judge({ kind: 'given_back' }, { retry: { maxAttempts: 1 } })).toMatchObject({
      outcome: 'given_back',
      after: { kind: 'again', inMs: 0, counts: false, maxAgeMs: null },
    });
  });

  it('trap-22: rejects without a call what its filter or mapping failed on', () => {
    expect(judge({ kind: 'refused', code: 'filter_failed', reason: 'error T2010' })).toMatchObject({
      outcome: 'rejected',
      code: 'filter_failed',
      after: { kind: 'dead', cause: 'rejected' },
    });
  });

  it('skips what its filter refuses only now', () => {
    expect(judge({ kind: 'filtered' })).toMatchObject({ outcome: 'skipped', after: { kind: 'ended' } });
  });

  describe('at_most_once', () => {
    it('never sends again what may have had its effect', () => {
      const doubtful: AttemptSignal[] = [
        { kind: 'timeout' },
        { kind: 'unknown', reason: 'lease ended' },
        { kind: 'faulty', reason: 'not JSON' },
        reply({ status: 'done' }),
      ];
      for (const signal of doubtful)
        expect(judge(signal, { effect: 'at_most_once' }).after).toEqual({
          kind: 'dead',
          cause: 'outcome_unknown',
        });
    });

    it('sends again what surely had none', () => {
      const sure: AttemptSignal[] = [
        { kind: 'unreachable', reason: 'ECONNREFUSED' },
        { kind: 'given_back' },
        reply({ status: 'retry' }),
      ];
      for (const signal of sure) expect(judge(signal, { effect: 'at_most_once' }).after.kind).toBe('again');
    });
  });

  describe('trap-21: a service that lacks the handler yet', () => {
    const unknownOperation = reply({ status: 'retry', code: 'unknown_operation' });

    it('is asked again after a minute at the earliest, and not counted', () => {
      expect(judge(unknownOperation, { retry: { maxAttempts: 2, backoffCapMs: 1000 } }).after).toEqual({
        kind: 'again',
        inMs: 60_000,
        counts: false,
        maxAgeMs: null,
      });
    });

    it('counts after a day', () => {
      const unknownForMs = 24 * 3_600_000;
      expect(judge(unknownOperation, { unknownForMs }).after).toMatchObject({ inMs: 60_000, counts: true });
      expect(judge(unknownOperation, { unknownForMs, retry: { maxAttempts: 2 } }).after.kind).toBe('dead');
    });
  });

  describe('faulty replies count and are retried', () => {
    it.each([undefined, null, true, 'completed', [], { ...named }, { ...named, status: 'done' }])(
      'bad-86: %j',
      (faulty) =>
        expect(judge({ kind: 'reply', reply: faulty })).toMatchObject({
          outcome: 'faulty_reply',
          after: again,
        }),
    );

    it.each([{ executionId: 'other' }, { operation: 'points.take' }, { attempt: 2 }])(
      'bad-87: a reply to another call: %j',
      (other) =>
        expect(judge(reply({ status: 'completed', ...other }))).toMatchObject({
          outcome: 'faulty_reply',
          after: again,
        }),
    );

    it('bad-88: cuts a long reason to 2 KB between characters, and refuses a long output', () => {
      const { reason } = judge(reply({ status: 'retry', reason: '券'.repeat(400_000) }));
      expect(reason).toBe('券'.repeat(682));
      expect(judge(reply({ status: 'completed', output: 'x'.repeat(16_383) })).outcome).toBe('faulty_reply');
      expect(judge(reply({ status: 'completed', output: 'x'.repeat(16_382) })).outcome).toBe('completed');
    });

    it('bad-89: escapes NUL in a reason, and refuses it in an output', () => {
      expect(judge(reply({ status: 'retry', reason: 'a\0b\ud800', code: 'x\0' }))).toMatchObject({
        reason: 'a\\u0000b\ufffd',
        code: 'x\\u0000',
      });
      for (const output of ['\0', { 'a\0': 1 }, ['\udc00'], { deep: [{ a: '\ud800x' }] }])
        expect(judge(reply({ status: 'completed', output })).outcome).toBe('faulty_reply');
      expect(judge(reply({ status: 'completed', output: 'it says \\u0000, 😀' })).outcome).toBe('completed');
    });

    it('refuses an output that is nested deeper than a payload may be', () => {
      const nested = (levels: number): unknown => (levels === 0 ? '[{' : [nested(levels - 1)]);
      expect(judge(reply({ status: 'completed', output: nested(32) })).outcome).toBe('completed');
      expect(judge(reply({ status: 'completed', output: nested(33) })).outcome).toBe('faulty_reply');
    });
  });
});
