import {
  EventPublisher,
  type EventType,
  type PublishBatchReceipt,
  type PublishBatchRequest,
  type PublishReceipt,
  type PublishRequest,
  type RpcEnvelope,
} from '@bus/contracts';
import { withMessageId } from '../with-message-id';
import { HttpLine, type HttpLineOptions } from './http-line';

/** Publishes over HTTP. An event without a message id gets a UUIDv7 here, so that it can be said again. */
export class HttpEventPublisher extends EventPublisher {
  private readonly line: HttpLine;

  constructor(options: HttpLineOptions) {
    super();
    this.line = new HttpLine(options);
  }

  override publish<T extends EventType>(
    event: PublishRequest<T>,
    context?: RpcEnvelope,
  ): Promise<PublishReceipt> {
    return this.line.ask('POST', '/v1/events', withMessageId(event as PublishRequest), context);
  }

  override publishBatch(batch: PublishBatchRequest, context?: RpcEnvelope): Promise<PublishBatchReceipt> {
    return this.line.ask('POST', '/v1/events/batch', { events: batch.events.map(withMessageId) }, context);
  }

  close(): Promise<void> {
    return this.line.close();
  }
}
