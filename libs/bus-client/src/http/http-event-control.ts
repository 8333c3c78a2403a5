import {
  EventControl,
  type CancelAnswer,
  type EventReference,
  type EventStatus,
  type RescheduleAnswer,
  type RescheduleRequest,
  type RpcEnvelope,
} from '@bus/contracts';
import { HttpLine, type HttpLineOptions } from './http-line';

/** Cancel, reschedule and status over HTTP. */
export class HttpEventControl extends EventControl {
  private readonly line: HttpLine;

  constructor(options: HttpLineOptions) {
    super();
    this.line = new HttpLine(options);
  }

  override cancel(event: EventReference, context?: RpcEnvelope): Promise<CancelAnswer> {
    return this.line.ask('DELETE', pathOf(event), undefined, context);
  }

  override reschedule(
    event: EventReference,
    to: RescheduleRequest,
    context?: RpcEnvelope,
  ): Promise<RescheduleAnswer> {
    return this.line.ask('PATCH', pathOf(event), to, context);
  }

  override getEvent(event: EventReference, context?: RpcEnvelope): Promise<EventStatus | null> {
    return this.line.ask('GET', pathOf(event), undefined, { ...context, mayBeAbsent: true });
  }

  close(): Promise<void> {
    return this.line.close();
  }
}

const pathOf = ({ source, messageId }: EventReference): string =>
  `/v1/events/${encodeURIComponent(source)}/${encodeURIComponent(messageId)}`;
