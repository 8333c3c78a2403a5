import { RECORD_HEADER } from '@bus/contracts';
import type { IncomingRecord } from './incoming-event';

export type HeaderName = keyof typeof RECORD_HEADER;
export type HeaderValue = Buffer | string;
export type Headers = Record<HeaderName, HeaderValue | undefined>;
const NAME_OF = new Map(
  Object.entries(RECORD_HEADER).map(([name, header]) => [header as string, name as HeaderName]),
);

/**
 * The headers of a record that are read, as text where the record has it; of other repeated ones than `ce_` the first
 * counts. `null`: a `ce_` header stands twice with two values.
 */
export function readHeaders(record: Pick<IncomingRecord, 'texts' | 'headers'>): Headers | null {
  const { texts } = record;
  const headers = noHeaders();
  const foreign = new Map<string, HeaderValue>();
  if (texts) {
    for (let at = 0; at < texts.headers.length; at += 2)
      if (!note(headers, foreign, texts.headers[at], texts.headers[at + 1])) return null;
  } else
    for (const [header, value] of record.headers) if (!note(headers, foreign, header, value)) return null;
  return headers;
}

/** @returns false: it stands there already, with another value */
function note(
  headers: Headers,
  foreign: Map<string, HeaderValue>,
  header: string,
  value: HeaderValue,
): boolean {
  const name = NAME_OF.get(header);
  const earlier = name === undefined ? foreign.get(header) : headers[name];
  if (earlier !== undefined) return !header.startsWith('ce_') || isSame(earlier, value);
  if (name !== undefined) headers[name] = value;
  else if (header.startsWith('ce_')) foreign.set(header, value);
  return true;
}

/** Of one record: both are text, or both are bytes. */
export function isSame(one: HeaderValue, other: HeaderValue): boolean {
  return typeof one === 'string' || typeof other === 'string' ? one === other : one.equals(other);
}

function noHeaders(): Headers {
  return {
    specVersion: undefined,
    id: undefined,
    source: undefined,
    type: undefined,
    time: undefined,
    partitionKey: undefined,
    deliverAt: undefined,
    eventId: undefined,
    traceParent: undefined,
    contentType: undefined,
  };
}
