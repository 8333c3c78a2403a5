import type { CancelAnswer, RescheduleAnswer, RescheduleRequest } from './cancel-outcome';
import type { EventStatus } from './event-status';
import type { RpcEnvelope } from './rpc-patterns';

/** A published event by what its publisher knows of it. */
export interface EventReference {
  source: string;
  messageId: string;
}

/** Port: what a publisher can do with an event afterwards. Needs the store. */
export abstract class EventControl {
  /** Definitive. @throws BusError `unavailable` with outcome `unknown`: ask again. */
  abstract cancel(event: EventReference, context?: RpcEnvelope): Promise<CancelAnswer>;
  abstract reschedule(
    event: EventReference,
    to: RescheduleRequest,
    context?: RpcEnvelope,
  ): Promise<RescheduleAnswer>;
  /** `null` where the bus has never seen it. */
  abstract getEvent(event: EventReference, context?: RpcEnvelope): Promise<EventStatus | null>;
}
