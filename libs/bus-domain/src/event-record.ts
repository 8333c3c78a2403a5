import {
  EVENT_TYPE_PATTERN,
  LIMITS,
  MESSAGE_ID_PATTERN,
  RECORD_HEADER,
  SOURCE_PATTERN,
  SPEC_VERSION,
} from '@bus/contracts';
import { isKey } from './accept-event';
import { contentHash } from './content-hash';
import { derivedEventId, eventIdTimeMs, identityOf } from './event-id';
import { isSame, readHeaders, type HeaderName, type Headers, type HeaderValue } from './event-record-headers';
import type { IncomingEvent, IncomingRecord, OutgoingRecord, RecordFault } from './incoming-event';
import { parseRfc3339, utcText } from './rfc3339';
import { type JsonFaultKind, scanJson } from './scan-json';
import { isTraceparent } from './traceparent';

/** Clocks of writer, broker and database may differ by so much before a record's own times are not believed. */
const CLOCK_SLACK_MS = 24 * 60 * 60 * 1000;
/** The bus's JSON is I-JSON (RFC 7493): what scanJson finds would be changed by parsing. */
const FAULT_OF: Record<JsonFaultKind, RecordFault> = {
  too_deep: 'too_deep',
  too_many: 'too_large',
  bad_text: 'bad_text',
  bad_number: 'not_json',
  bad_key: 'not_json',
};
/** Refuses what is no UTF-8, and keeps a byte order mark, which JSON.parse then refuses. */
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface RecordContext {
  /** Of the batch: part of a derived event id. */
  logId: string;
  /** Bytes of the value. Default LIMITS.payloadBytes. */
  maxPayloadBytes?: number;
}

export interface DecodedRecord {
  event: IncomingEvent;
  /** `event.payload`, parsed. */
  payload: unknown;
  /** Key of `event_identity`. */
  identity: string;
  contentHash: Buffer;
}

export interface FaultyRecord {
  fault: RecordFault;
  /** For people; names the header or the path, holds no value. */
  detail: string;
}

/**
 * The broker record of an event.
 * @see CloudEvents 1.0.2, Kafka protocol binding §3.2 (binary content mode)
 */
export function encodeRecord(event: IncomingEvent): OutgoingRecord {
  const headers: Record<string, string> = {
    [RECORD_HEADER.specVersion]: SPEC_VERSION,
    [RECORD_HEADER.id]: event.messageId,
    [RECORD_HEADER.source]: event.source,
    [RECORD_HEADER.type]: event.type,
    [RECORD_HEADER.time]: event.occurredAt,
    [RECORD_HEADER.eventId]: event.eventId,
    [RECORD_HEADER.contentType]: 'application/json',
  };
  if (event.key !== null) headers[RECORD_HEADER.partitionKey] = event.key;
  if (event.deliverAt !== null) headers[RECORD_HEADER.deliverAt] = event.deliverAt;
  if (event.traceparent !== null) headers[RECORD_HEADER.traceParent] = event.traceparent;
  return { key: event.key ?? event.messageId, value: Buffer.from(event.payload, 'utf8'), headers };
}

/**
 * The event of a record, whoever wrote it, or what is wrong with it: then it belongs into quarantine.
 * Without `ce_partitionkey` the record key is the event's key, unless it equals `ce_id`. Without a `ce_eventid` that
 * can be believed (UUIDv7 within 24 h of the append time) one is derived, the same at every redelivery.
 */
export function decodeRecord(record: IncomingRecord, context: RecordContext): DecodedRecord | FaultyRecord {
  try {
    return decoded(record, context);
  } catch (error) {
    if (error instanceof Faulty) return { fault: error.fault, detail: error.message };
    throw error;
  }
}

/** Stays within this file: reading stops at the first fault. */
class Faulty extends Error {
  constructor(
    readonly fault: RecordFault,
    detail: string,
  ) {
    super(detail);
  }
}

function decoded(record: IncomingRecord, context: RecordContext): DecodedRecord {
  const { value } = record;
  if (value === null) throw new Faulty('null_value', 'the value is null');
  if (value.length === 0) throw new Faulty('empty_value', 'the value is empty');
  const headers = readHeaders(record);
  if (!headers) throw new Faulty('repeated_header', 'a ce_ header stands twice with two values');
  const version = textOf(headers, 'specVersion');
  if (version !== SPEC_VERSION)
    throw new Faulty(
      'unknown_specversion',
      `${RECORD_HEADER.specVersion} is ${version ? 'not 1.0' : 'missing'}`,
    );

  const messageId = attribute(headers, 'id', MESSAGE_ID_PATTERN);
  const source = attribute(headers, 'source', SOURCE_PATTERN);
  const type = attribute(headers, 'type', EVENT_TYPE_PATTERN);
  const key = keyOf(record, headers.partitionKey, messageId);
  const occurredAt = timeOf(headers, 'time');
  const deliverAt = timeOf(headers, 'deliverAt');
  if (
    deliverAt !== null &&
    Date.parse(deliverAt) - record.appendedAt.getTime() > LIMITS.delayMs + CLOCK_SLACK_MS
  )
    throw new Faulty('bad_attribute', `${RECORD_HEADER.deliverAt} is more than 366 days ahead`);

  const { text, payload } = readPayload(value, context.maxPayloadBytes ?? LIMITS.payloadBytes);
  const traceparent = textOf(headers, 'traceParent');
  const event: IncomingEvent = {
    eventId: eventIdOf(record, textOf(headers, 'eventId'), context.logId),
    source,
    messageId,
    type,
    key,
    payload: text,
    occurredAt: occurredAt ?? record.appendedAt.toISOString(),
    deliverAt,
    traceparent: isTraceparent(traceparent) ? traceparent : null,
  };
  return {
    event,
    payload,
    identity: identityOf(source, messageId),
    contentHash: contentHash(type, key, text),
  };
}

/** For headers that are of ASCII alone where they are valid: no other byte becomes a character of theirs. */
function textOf(headers: Headers, name: HeaderName): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.toString('latin1');
}

function attribute(headers: Headers, name: HeaderName, pattern: RegExp): string {
  const text = textOf(headers, name);
  if (text === undefined) throw new Faulty('bad_attribute', `${RECORD_HEADER[name]} is missing`);
  if (!pattern.test(text)) throw new Faulty('bad_attribute', `${RECORD_HEADER[name]} is off its pattern`);
  return text;
}

/** In UTC, as an event carries it. */
function timeOf(headers: Headers, name: HeaderName): string | null {
  const text = textOf(headers, name);
  if (text === undefined) return null;
  const timeMs = parseRfc3339(text);
  if (timeMs === null) throw new Faulty('bad_attribute', `${RECORD_HEADER[name]} is no RFC 3339 time`);
  return utcText(timeMs);
}

function keyOf(
  record: IncomingRecord,
  partitionKey: HeaderValue | undefined,
  messageId: string,
): string | null {
  const recordKey = record.texts ? record.texts.key : record.key;
  if (partitionKey !== undefined && (recordKey === null || !isSame(recordKey, partitionKey)))
    throw new Faulty('key_mismatch', `the record key is not ${RECORD_HEADER.partitionKey}`);
  if (recordKey === null || (recordKey.length === 0 && partitionKey === undefined)) return null;
  // A text is ASCII: as many bytes as characters.
  if (recordKey.length > LIMITS.keyBytes)
    throw new Faulty('bad_attribute', `the record key is longer than ${LIMITS.keyBytes} bytes`);
  const key = typeof recordKey === 'string' ? recordKey : decodeText(recordKey, 'the record key');
  if (partitionKey === undefined && key === messageId) return null;
  if (key === '') throw new Faulty('bad_attribute', `${RECORD_HEADER.partitionKey} is empty`);
  if (!isKey(key)) throw new Faulty('bad_text', 'the record key holds NUL');
  return key;
}

function readPayload(value: Buffer, maxBytes: number): { text: string; payload: unknown } {
  if (value.length > maxBytes) throw new Faulty('too_large', `the value is larger than ${maxBytes} bytes`);
  const text = decodeText(value, 'the value');
  const [fault] = scanJson(text);
  if (fault) throw new Faulty(FAULT_OF[fault.kind], `${fault.message} at ${fault.path || 'the root'}`);
  try {
    return { text, payload: JSON.parse(text) as unknown };
  } catch {
    throw new Faulty('not_json', 'the value is not JSON');
  }
}

function decodeText(bytes: Buffer, what: string): string {
  try {
    return UTF_8.decode(bytes);
  } catch {
    throw new Faulty('bad_utf8', `${what} is not UTF-8`);
  }
}

function eventIdOf(record: IncomingRecord, given: string | undefined, logId: string): string {
  const givenMs = given === undefined ? null : eventIdTimeMs(given);
  if (given !== undefined && givenMs !== null) {
    if (Math.abs(givenMs - record.appendedAt.getTime()) <= CLOCK_SLACK_MS) return given;
  }
  const { partition, offset, appendedAt } = record;
  return derivedEventId({ logId, partition, offset, appendedAt });
}
