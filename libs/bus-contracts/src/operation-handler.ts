import type { EventType } from './event-map';
import type { OperationRequest } from './operation-request';
import type { OperationResult } from './operation-result';

/**
 * What a consumer app implements: one class per operation.
 * Return `completed`, `retry` or `rejected`; throw only for bugs and lost infrastructure (answered as `retry`).
 * The same execution can be called more than once: apply effects inside the kit's `withIdempotency`.
 */
export abstract class OperationHandler<T extends EventType = EventType> {
  abstract execute(request: OperationRequest<T>): Promise<OperationResult>;
}
