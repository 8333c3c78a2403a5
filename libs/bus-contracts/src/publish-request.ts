import type { EventType, PayloadOf } from './event-map';

/** One event to publish. `POST /v1/events` and `{cmd:'bus.publish'}` take the same shape. */
export interface PublishRequest<T extends EventType = EventType> {
  /** 1 to 128 visible ASCII characters, unique per source. Absent: a UUIDv7 is made and returned. */
  messageId?: string;
  /** URI reference, ≤ 256 visible ASCII characters. The authenticated caller where authentication is on; default `anonymous`. */
  source?: string;
  type: T;
  /** Partitions and orders; ≤ 256 bytes. */
  key?: string;
  payload: PayloadOf<T>;
  /** Whole milliseconds from now, ≤ 366 days. Not together with `deliverAt`. */
  delayMs?: number;
  /** RFC 3339. Not together with `delayMs`. In the past: due at once. */
  deliverAt?: string;
}

export interface PublishBatchRequest {
  /** At most 1,000 events and 1 MB. */
  events: PublishRequest[];
}
