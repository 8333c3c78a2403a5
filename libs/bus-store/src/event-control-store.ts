import type { CancelAnswer, EventReference, EventStatus, RescheduleAnswer } from '@bus/contracts';

/** Port: what people and built-in operations do with a published event (TX5 of docs/guarantees.md). */
export abstract class EventControlStore {
  /** Definitive; an event that has not arrived is cancelled by a placeholder. @throws where the outcome is unknown */
  abstract cancel(event: EventReference): Promise<CancelAnswer>;
  /** @param deliverAt RFC 3339 */
  abstract reschedule(event: EventReference, deliverAt: string): Promise<RescheduleAnswer>;
  abstract getEvent(event: EventReference): Promise<EventStatus | null>;
  /** Known event types, ordered event types and the offset of this process's clock to the database's. */
  abstract hints(): Promise<StoreHintValues>;
}

export interface StoreHintValues {
  /** Event types with an active graph. */
  knownTypes: string[];
  /** Those of them that have an ordered operation. */
  orderedTypes: string[];
  /** The database clock in ms since the epoch, read now. */
  databaseNowMs: number;
}
