import { EVENT_TYPE_PATTERN, MESSAGE_ID_PATTERN, RECORD_HEADER, SOURCE_PATTERN } from '@bus/contracts';
import { isKey } from './accept-event';
import type { IncomingRecord } from './incoming-event';
import { parseRfc3339 } from './rfc3339';
import { scanJson } from './scan-json';

/** What a record says of its event, as far as it can be read; `null`: missing or faulty. */
export interface ReadableParts {
  source: string | null;
  messageId: string | null;
  type: string | null;
  key: string | null;
  /** JSON text. */
  payload: string | null;
  /** RFC 3339. */
  occurredAt: string | null;
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * For people who repair a record that decodeRecord refuses: each part by itself, so that one fault hides no other part.
 * A `ce_` header that stands twice with two values is not read at all.
 */
export function readableParts(record: Pick<IncomingRecord, 'key' | 'value' | 'headers'>): ReadableParts {
  const header = (name: string, isGood: (text: string) => boolean): string | null => {
    const values = record.headers.filter(([one]) => one === name).map(([, value]) => textOf(value));
    const [text] = values;
    return typeof text === 'string' && values.every((other) => other === text) && isGood(text) ? text : null;
  };
  const messageId = header(RECORD_HEADER.id, (text) => MESSAGE_ID_PATTERN.test(text));
  const partitionKey = header(RECORD_HEADER.partitionKey, isKey);
  const recordKey = record.key === null ? null : textOf(record.key);
  const time = header(RECORD_HEADER.time, (text) => parseRfc3339(text) !== null);
  return {
    source: header(RECORD_HEADER.source, (text) => SOURCE_PATTERN.test(text)),
    messageId,
    type: header(RECORD_HEADER.type, (text) => EVENT_TYPE_PATTERN.test(text)),
    key: partitionKey ?? (isKey(recordKey) && recordKey !== messageId ? recordKey : null),
    payload: record.value === null ? null : jsonTextOf(record.value),
    occurredAt: time === null ? null : new Date(parseRfc3339(time) ?? 0).toISOString(),
  };
}

function jsonTextOf(value: Buffer): string | null {
  const text = textOf(value);
  if (text === null || scanJson(text).length > 0) return null;
  try {
    JSON.parse(text);
    return text;
  } catch {
    return null;
  }
}

function textOf(bytes: Buffer): string | null {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return null;
  }
}
