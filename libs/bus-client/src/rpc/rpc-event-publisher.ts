import {
  EventPublisher,
  RPC,
  type EventType,
  type PublishBatchReceipt,
  type PublishBatchRequest,
  type PublishReceipt,
  type PublishRequest,
  type RpcEnvelope,
} from '@bus/contracts';
import { withMessageId } from '../with-message-id';
import { RpcLine, type RpcLineOptions } from './rpc-line';

/** Publishes over Nest TCP. An event without a message id gets a UUIDv7 here, so that it can be said again. */
export class RpcEventPublisher extends EventPublisher {
  private readonly line: RpcLine;

  constructor(options: RpcLineOptions) {
    super();
    this.line = new RpcLine(options);
  }

  override publish<T extends EventType>(
    event: PublishRequest<T>,
    context?: RpcEnvelope,
  ): Promise<PublishReceipt> {
    return this.line.ask(RPC.publish, { event: withMessageId(event as PublishRequest) }, context);
  }

  override publishBatch(batch: PublishBatchRequest, context?: RpcEnvelope): Promise<PublishBatchReceipt> {
    return this.line.ask(RPC.publishBatch, { events: batch.events.map(withMessageId) }, context);
  }

  close(): void {
    this.line.close();
  }
}
