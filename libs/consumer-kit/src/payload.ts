import { BusError, type Fault, type OperationRequest } from '@bus/contracts';
import type { z } from 'zod';

/** Event type → what the operation expects in `event.payload` (after its mapping, where it has one). */
export type PayloadSchemas = Record<string, z.ZodType>;

/** The request can never work: answered as `rejected` with this code. */
export class RefusedRequestError extends BusError {
  constructor(
    readonly rejection: 'unknown_event_type' | 'invalid_payload',
    message: string,
    faults: readonly Fault[] = [],
  ) {
    super({ code: 'unprocessable', message, faults });
  }
}

/**
 * The payload, typed, after its schema was asked. The kit answers the errors as `rejected`.
 * @throws RefusedRequestError `unknown_event_type` or `invalid_payload`
 */
export function readPayload<S extends PayloadSchemas>(
  request: OperationRequest,
  schemas: S,
): { [T in keyof S]: z.infer<S[T]> }[keyof S] {
  const { type, payload } = request.event;
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (!schema) {
    throw new RefusedRequestError(
      'unknown_event_type',
      `${request.operation} does not handle this event type.`,
    );
  }
  const result = schema.safeParse(payload);
  if (!result.success) {
    const faults = result.error.issues.map(({ path, code }) => ({ path: pointerOf(path), message: code }));
    const paths = faults.slice(0, 10).map((fault) => `${fault.path || '/'} ${fault.message}`);
    throw new RefusedRequestError(
      'invalid_payload',
      `The payload does not fit: ${paths.join(', ')}.`,
      faults,
    );
  }
  return result.data as { [T in keyof S]: z.infer<S[T]> }[keyof S];
}

/** JSON pointer, RFC 6901. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replace(/~/g, '~0').replace(/\//g, '~1')}`).join('');
}
