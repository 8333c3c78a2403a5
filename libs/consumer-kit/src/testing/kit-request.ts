import { randomUUID } from 'node:crypto';
import { CONTRACT_VERSION, type OperationRequest } from '@bus/contracts';

/** A first attempt of `kit.apply`: a new execution at each call. */
export function kitRequest(over: Partial<OperationRequest> = {}): OperationRequest {
  return {
    contract: CONTRACT_VERSION,
    operation: 'kit.apply',
    executionId: randomUUID(),
    attempt: 1,
    deadlineMs: 30_000,
    effect: 'at_least_once',
    event: {
      messageId: `message-${randomUUID()}`,
      source: 'kit-spec',
      type: 'kit.asked',
      key: 'user-7',
      payload: { userId: 'user-7', note: 'SECRET-OF-USER-7' },
      occurredAt: '2026-01-31T12:00:00.000Z',
    },
    ...over,
  };
}
