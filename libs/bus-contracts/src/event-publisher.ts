import type { PublishBatchReceipt, PublishReceipt } from './publish-receipt';
import type { PublishBatchRequest, PublishRequest } from './publish-request';
import type { RpcEnvelope } from './rpc-patterns';
import type { EventType } from './event-map';

/** Port: how a service publishes. Implemented by bus-producer; called through bus-client's RPC or HTTP stub. */
export abstract class EventPublisher {
  /**
   * Resolves once the broker holds the event durably.
   * @throws BusError code `invalid` and alike (nothing was published), or `unavailable` with outcome
   *   `unknown`: publish again with the same messageId.
   */
  abstract publish<T extends EventType>(
    event: PublishRequest<T>,
    context?: RpcEnvelope,
  ): Promise<PublishReceipt>;

  /** One result per event, in order; a refused event hides no other. @throws BusError for the batch as a whole. */
  abstract publishBatch(batch: PublishBatchRequest, context?: RpcEnvelope): Promise<PublishBatchReceipt>;
}
