import { LIMITS, type AttemptOutcome, type DeadCause, type OperationReply } from '@bus/contracts';
import { safeCode, safeReason, storableOutput } from './reply-text';
import { backoffDelayMs } from './retry-policy';
import type { RunnableOperation } from './runnable-graph';

/**
 * What became of an attempt, before it is judged.
 * `reply`: whatever the handler's side answered. `faulty`: something that is no reply (an error, a wrong status).
 * `timeout`: sent, no answer in time. `unreachable`: surely never sent. `unknown`: sent or perhaps sent, and nobody
 * saw its end. `given_back`: never sent, on purpose. `refused`: ended without a call (`filter_failed`,
 * `mapping_failed`). `filtered`: its filter could be read only now, and said no.
 */
export type AttemptSignal =
  | { kind: 'reply'; reply: unknown }
  | { kind: 'faulty' | 'unreachable' | 'unknown'; reason: string }
  | { kind: 'timeout' | 'given_back' | 'filtered' }
  | { kind: 'refused'; code: string; reason: string };

/** The attempt that a reply has to name. */
export interface JudgedCall {
  executionId: string;
  operation: string;
  /** The fence. */
  attempt: number;
  /** Attempts that count towards `maxAttempts`, this one included. */
  counted: number;
}

export interface JudgeContext {
  /** In [0, 1). */
  random: number;
  /** For how long the service has been answering `unknown_operation` to this operation, in ms. */
  unknownOperationForMs: number;
}

/** What follows: nothing; due again `inMs` from now (dead instead where older than `maxAgeMs`); or a dead letter. */
export type NextStep =
  | { kind: 'ended' }
  | { kind: 'again'; inMs: number; counts: boolean; maxAgeMs: number | null }
  | { kind: 'dead'; cause: DeadCause };

export interface Judgement {
  outcome: AttemptOutcome;
  code: string | null;
  /** ≤ 2 KB, no NUL. */
  reason: string | null;
  /** JSON text, ≤ 16 KB. */
  output: string | null;
  after: NextStep;
  /** `completed` only: the effect had been applied before. */
  duplicate: boolean;
}

type Settings = Pick<RunnableOperation, 'retry' | 'effect'>;

const ENDED: NextStep = Object.freeze({ kind: 'ended' });

/** A service that lacks the handler yet (order of deployment): asked again after this time at the earliest. */
export const UNKNOWN_OPERATION = 'unknown_operation';
const UNKNOWN_OPERATION_WAIT_MS = 60_000;
const UNKNOWN_OPERATION_GRACE_MS = 24 * 3_600_000;

/**
 * Judges the end of an attempt by the operation's settings.
 * A failure goes on by `retry` until `maxAttempts` is used up (the store tests the age, by its clock). What may have
 * had its effect (timeout, faulty reply, unknown) is never sent again under `at_most_once`: dead, `outcome_unknown`.
 * A refused connection, a `retry` reply and what was given back surely had none, and go on.
 */
export function judgeAttempt(
  signal: AttemptSignal,
  call: JudgedCall,
  settings: Settings,
  context: JudgeContext,
): Judgement {
  switch (signal.kind) {
    case 'reply':
      return judgeReply(signal.reply, call, settings, context);
    case 'given_back':
      return judgement('given_back', { after: { kind: 'again', inMs: 0, counts: false, maxAgeMs: null } });
    case 'filtered':
      return judgement('skipped', { code: 'filtered', after: ENDED });
    case 'refused':
      return judgement('rejected', {
        code: signal.code,
        reason: safeReason(signal.reason),
        after: { kind: 'dead', cause: 'rejected' },
      });
    case 'unreachable':
      return judgement('unreachable', {
        reason: safeReason(signal.reason),
        after: failed(call, settings, context),
      });
    case 'timeout':
      return judgement('timeout', { after: doubtful(call, settings, context) });
    case 'unknown':
      return judgement('unknown', {
        reason: safeReason(signal.reason),
        after: doubtful(call, settings, context),
      });
    case 'faulty':
      return faulty(signal.reason, call, settings, context);
  }
}

function judgeReply(reply: unknown, call: JudgedCall, settings: Settings, context: JudgeContext): Judgement {
  const fault = replyFault(reply, call);
  if (fault) return faulty(fault, call, settings, context);
  const said = reply as OperationReply;
  const { status, retryAfterMs, output } = said;
  const code = safeCode(said.code);
  const reason = safeReason(said.reason);
  if (status === 'rejected')
    return judgement('rejected', { code, reason, after: { kind: 'dead', cause: 'rejected' } });
  if (status === 'completed') {
    const text = storableOutput(output);
    if (text === undefined)
      return faulty(
        `output must be JSON of at most ${LIMITS.outputBytes} bytes, without NUL or lone surrogates`,
        call,
        settings,
        context,
      );
    return {
      outcome: 'completed',
      code,
      reason,
      output: text,
      after: ENDED,
      duplicate: said.duplicate === true,
    };
  }
  const asked = typeof retryAfterMs === 'number' && retryAfterMs > 0 ? retryAfterMs : 0;
  if (said.code !== UNKNOWN_OPERATION)
    return judgement('retry', { code, reason, after: failed(call, settings, context, asked) });
  return judgement('retry', { code, reason, after: notDeployedYet(call, settings, context, asked) });
}

/** Why an answer is no reply to this call; `null`: it is one. */
function replyFault(reply: unknown, call: JudgedCall): string | null {
  if (typeof reply !== 'object' || reply === null || Array.isArray(reply)) return 'the reply is no object';
  const { executionId, operation, attempt, status } = reply as Partial<OperationReply>;
  if (executionId !== call.executionId) return 'the reply names another executionId';
  if (operation !== call.operation) return 'the reply names another operation';
  if (attempt !== call.attempt) return 'the reply names another attempt';
  if (status !== 'completed' && status !== 'retry' && status !== 'rejected')
    return 'the reply has no status that the contract knows';
  return null;
}

function faulty(reason: string, call: JudgedCall, settings: Settings, context: JudgeContext): Judgement {
  return judgement('faulty_reply', {
    reason: safeReason(reason),
    after: doubtful(call, settings, context),
  });
}

/** The effect may have happened. */
function doubtful(call: JudgedCall, settings: Settings, context: JudgeContext): NextStep {
  if (settings.effect === 'at_most_once') return { kind: 'dead', cause: 'outcome_unknown' };
  return failed(call, settings, context);
}

/** Surely no effect, or a repeated one is harmless. */
function failed(call: JudgedCall, settings: Settings, context: JudgeContext, askedMs = 0): NextStep {
  const { maxAttempts, maxAgeMs } = settings.retry;
  if (maxAttempts !== null && call.counted >= maxAttempts) return { kind: 'dead', cause: 'attempts_used_up' };
  const inMs = backoffDelayMs(settings.retry, Math.max(1, call.counted), context.random, askedMs);
  return { kind: 'again', inMs, counts: true, maxAgeMs };
}

/** Not before a minute has passed, whatever the cap; not counted for a day. */
function notDeployedYet(
  call: JudgedCall,
  settings: Settings,
  context: JudgeContext,
  askedMs: number,
): NextStep {
  const next = failed(call, settings, context, askedMs);
  const inGrace = context.unknownOperationForMs < UNKNOWN_OPERATION_GRACE_MS;
  if (next.kind !== 'again' && !inGrace) return next;
  const inMs = next.kind === 'again' ? next.inMs : 0;
  return {
    kind: 'again',
    inMs: Math.max(inMs, UNKNOWN_OPERATION_WAIT_MS),
    counts: !inGrace,
    maxAgeMs: inGrace ? null : settings.retry.maxAgeMs,
  };
}

function judgement(outcome: AttemptOutcome, parts: Partial<Judgement> & Pick<Judgement, 'after'>): Judgement {
  // Field by field: a spread costs as much as the rest of the judgement.
  const { code = null, reason = null, output = null, duplicate = false, after } = parts;
  return { outcome, code, reason, output, duplicate, after };
}
