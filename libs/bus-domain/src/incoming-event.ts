/** An event on its way: accepted by bus-producer, or decoded from a broker record. Times are RFC 3339 text. */
export interface IncomingEvent {
  /** UUIDv7: made at publish, or derived from the record. */
  eventId: string;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
  /** JSON text, the bytes as received. */
  payload: string;
  occurredAt: string;
  deliverAt: string | null;
  traceparent: string | null;
}

/** What a publisher hands to the broker. */
export interface OutgoingRecord {
  /** Decides the partition by murmur2: the event's key, or its message id where none is given. */
  key: string;
  value: Buffer;
  headers: Record<string, string>;
}

/** What a subscriber gets from the broker. */
export interface IncomingRecord {
  partition: number;
  offset: bigint;
  key: Buffer | null;
  value: Buffer | null;
  /** In order, repeated ones included. */
  headers: readonly (readonly [name: string, value: Buffer])[];
  /** The broker's append time. */
  appendedAt: Date;
  /** `key` and `headers` once more, where all of them is ASCII: as text they are read at a fraction of the cost. */
  readonly texts?: RecordTexts | null;
}

export interface RecordTexts {
  key: string;
  /** Names and values by turns, in the order of `headers`. */
  headers: readonly string[];
}

/** Why a record went to quarantine. */
export const RECORD_FAULTS = [
  'null_value',
  'empty_value',
  'not_json',
  'bad_utf8',
  'bad_attribute',
  'bad_text',
  'too_deep',
  'too_large',
  'unknown_specversion',
  'repeated_header',
  'key_mismatch',
  'unsigned',
  'identity_conflict',
  'event_id_taken',
  'not_storable',
] as const;
export type RecordFault = (typeof RECORD_FAULTS)[number];
