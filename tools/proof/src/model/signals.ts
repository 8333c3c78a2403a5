import type { AttemptSignal, JudgedCall } from '@bus/domain';
import type { End } from './step';

/** What the handler asks for with `retry_after`, in ms. */
export const ASKED_MS = 5_000;

/** What the dispatcher hands on when an attempt ends so. */
export function signalOf(end: End, call: JudgedCall): AttemptSignal {
  const { executionId, operation, attempt } = call;
  const reply = { executionId, operation, attempt };
  switch (end) {
    case 'completed':
      return { kind: 'reply', reply: { ...reply, status: 'completed', output: { done: true } } };
    case 'retry':
      return { kind: 'reply', reply: { ...reply, status: 'retry' } };
    case 'retry_after':
      return { kind: 'reply', reply: { ...reply, status: 'retry', retryAfterMs: ASKED_MS } };
    case 'undeployed':
      return { kind: 'reply', reply: { ...reply, status: 'retry', code: 'unknown_operation' } };
    case 'rejected':
      return { kind: 'reply', reply: { ...reply, status: 'rejected', code: 'no_stock' } };
    case 'other_attempt':
      return { kind: 'reply', reply: { ...reply, attempt: attempt + 1, status: 'completed' } };
    case 'refused':
      return { kind: 'refused', code: 'mapping_failed', reason: 'no such field' };
    case 'faulty':
    case 'unreachable':
    case 'unknown':
      return { kind: end, reason: 'as the model says' };
    case 'timeout':
    case 'given_back':
    case 'filtered':
      return { kind: end };
  }
}
