import {
  BusError,
  EventControl,
  RPC,
  type CancelAnswer,
  type EventReference,
  type EventStatus,
  type RescheduleAnswer,
  type RescheduleRequest,
  type RpcEnvelope,
} from '@bus/contracts';
import { RpcLine, type RpcLineOptions } from './rpc-line';

/** Cancel, reschedule and status over Nest TCP. */
export class RpcEventControl extends EventControl {
  private readonly line: RpcLine;

  constructor(options: RpcLineOptions) {
    super();
    this.line = new RpcLine(options);
  }

  override cancel(event: EventReference, context?: RpcEnvelope): Promise<CancelAnswer> {
    return this.line.ask(RPC.cancel, { event }, context);
  }

  override reschedule(
    event: EventReference,
    to: RescheduleRequest,
    context?: RpcEnvelope,
  ): Promise<RescheduleAnswer> {
    return this.line.ask(RPC.reschedule, { event, ...to }, context);
  }

  override async getEvent(event: EventReference, context?: RpcEnvelope): Promise<EventStatus | null> {
    try {
      return await this.line.ask<EventStatus>(RPC.getEvent, { event }, context);
    } catch (error) {
      if (error instanceof BusError && error.code === 'not_found') return null;
      throw error;
    }
  }

  close(): void {
    this.line.close();
  }
}
