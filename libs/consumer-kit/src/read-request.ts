import { BusError, CONTRACT_VERSION, type OperationRequest } from '@bus/contracts';
import { z } from 'zod';
import { pointerOf } from './payload';

/** Unknown fields pass: a newer bus may send more. */
const requestSchema = z.looseObject({
  contract: z.literal(CONTRACT_VERSION, { error: `this service speaks contract ${CONTRACT_VERSION}` }),
  operation: z.string().min(1).max(255),
  executionId: z.uuid(),
  attempt: z.number().int().min(1),
  deadlineMs: z.number(),
  effect: z.enum(['at_least_once', 'at_most_once']),
  event: z.looseObject({
    messageId: z.string().min(1).max(128),
    source: z.string().min(1).max(256),
    type: z.string().min(1).max(255),
    key: z.string().nullable(),
    payload: z.unknown(),
    occurredAt: z.string(),
  }),
  inputs: z.record(z.string(), z.unknown()).optional(),
  traceparent: z.string().optional(),
});

/** @throws BusError `invalid` that names the faults: it cannot be answered as a reply, since it names no execution */
export function readRequest(data: unknown): OperationRequest {
  const result = requestSchema.safeParse(data);
  if (result.success) return result.data as OperationRequest;
  throw new BusError({
    code: 'invalid',
    message: 'This is no operation request.',
    faults: result.error.issues.map(({ path, message }) => ({ path: pointerOf(path), message })),
  });
}
