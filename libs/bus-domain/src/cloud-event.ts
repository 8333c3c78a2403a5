import { type Fault, LIMITS, SPEC_VERSION } from '@bus/contracts';
import { type Acceptance, type AcceptContext, acceptEvent } from './accept-event';
import type { IncomingEvent } from './incoming-event';
import { parseRfc3339 } from './rfc3339';
import { isTraceparent } from './traceparent';

/** A CloudEvent as it came, by attribute name; `data` parsed. An attribute that is null is unset. */
export interface CloudEventRequest {
  attributes: Record<string, unknown>;
  /** Absent: no data. */
  data?: unknown;
  /** Found while reading. */
  faults: Fault[];
}

/** Where a field of a publish request stands in a CloudEvent. */
const POINTER_OF: Record<string, string> = {
  messageId: '/id',
  key: '/partitionkey',
  payload: '/data',
  deliverAt: '/deliverat',
};
const JSON_TYPE_PATTERN = /^\s*[\w.+-]+\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

/**
 * Reads `application/cloudevents+json`.
 * @param document the parsed body   @see CloudEvents 1.0.2, JSON event format §3
 */
export function readStructured(document: unknown): CloudEventRequest {
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    return { attributes: {}, faults: [{ path: '', message: 'must be an object' }] };
  const { data, data_base64: binary, ...attributes } = document as Record<string, unknown>;
  const faults: Fault[] = [];
  if (binary !== undefined) faults.push({ path: '/data_base64', message: 'send JSON in data' });
  return { attributes, data, faults };
}

/**
 * Reads `ce-` headers; the body is the data.
 * @param headers lower-case names, as Node gives them   @see CloudEvents 1.0.2, HTTP protocol binding §3.1
 */
export function readBinary(
  headers: Record<string, string | string[] | undefined>,
  data: unknown,
): CloudEventRequest {
  const attributes: Record<string, unknown> = {};
  const faults: Fault[] = [];
  for (const name of Object.keys(headers)) {
    if (!name.startsWith('ce-')) continue;
    const attribute = name.slice(3);
    const value = headerText(String(headers[name]));
    if (value === null) faults.push({ path: `/${attribute}`, message: 'must be percent-encoded UTF-8' });
    else attributes[attribute] = value;
  }
  return { attributes, data, faults };
}

/**
 * As acceptEvent, for a CloudEvent; paths point into its structured form. Extensions `partitionkey`, `deliverat` and
 * `traceparent` are taken; other extensions, `subject` and `dataschema` are allowed and not kept.
 */
export function acceptCloudEvent(cloudEvent: CloudEventRequest, context: AcceptContext): Acceptance {
  const attributes = withoutNulls(cloudEvent.attributes);
  const faults = [...cloudEvent.faults, ...attributeFaults(attributes)];
  const time = typeof attributes.time === 'string' ? parseRfc3339(attributes.time) : null;
  const acceptance = acceptEvent(
    {
      messageId: attributes.id,
      source: attributes.source,
      type: attributes.type,
      key: attributes.partitionkey,
      deliverAt: attributes.deliverat,
      payload: cloudEvent.data,
    },
    {
      ...context,
      occurredAt: time === null ? undefined : new Date(time).toISOString(),
      traceparent: isTraceparent(attributes.traceparent) ? attributes.traceparent : context.traceparent,
    },
  );
  if ('event' in acceptance)
    return faults.length > 0 ? { code: 'invalid', faults: faults.slice(0, LIMITS.faults) } : acceptance;
  return {
    code: faults.length > 0 ? 'invalid' : acceptance.code,
    faults: [...faults, ...acceptance.faults.map(inCloudEvent)].slice(0, LIMITS.faults),
  };
}

/** The event in structured form. */
export function writeStructured(event: IncomingEvent): Record<string, unknown> {
  return {
    ...attributesOf(event),
    datacontenttype: 'application/json',
    data: JSON.parse(event.payload) as unknown,
  };
}

/** The event in binary form. */
export function writeBinary(event: IncomingEvent): { headers: Record<string, string>; body: string } {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const [name, value] of Object.entries(attributesOf(event)))
    headers[`ce-${name}`] = percentEncoded(value);
  return { headers, body: event.payload };
}

function attributesOf(event: IncomingEvent): Record<string, string> {
  return {
    specversion: SPEC_VERSION,
    id: event.messageId,
    source: event.source,
    type: event.type,
    time: event.occurredAt,
    ...(event.key !== null && { partitionkey: event.key }),
    ...(event.deliverAt !== null && { deliverat: event.deliverAt }),
    ...(event.traceparent !== null && { traceparent: event.traceparent }),
  };
}

function attributeFaults(attributes: Record<string, unknown>): Fault[] {
  const faults: Fault[] = [];
  if (attributes.specversion !== SPEC_VERSION)
    faults.push({ path: '/specversion', message: 'must be "1.0"' });
  // A publish request may leave these out; a CloudEvent may not. (`type` is required by both.)
  for (const name of ['id', 'source'])
    if (attributes[name] === undefined) faults.push({ path: `/${name}`, message: 'required' });
  if (
    attributes.time !== undefined &&
    (typeof attributes.time !== 'string' || parseRfc3339(attributes.time) === null)
  )
    faults.push({ path: '/time', message: 'must be an RFC 3339 time' });
  if (attributes.datacontenttype !== undefined && !isJsonType(attributes.datacontenttype))
    faults.push({ path: '/datacontenttype', message: 'must be a JSON media type' });
  return faults;
}

/** True for `application/json` and `…+json`, parameters allowed. */
export function isJsonType(mediaType: unknown): boolean {
  return typeof mediaType === 'string' && JSON_TYPE_PATTERN.test(mediaType);
}

function withoutNulls(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
}

function inCloudEvent(fault: Fault): Fault {
  const [, field, ...rest] = fault.path.split('/');
  const pointer = field === undefined ? undefined : POINTER_OF[field];
  return pointer === undefined ? fault : { ...fault, path: [pointer, ...rest].join('/') };
}

/** Unquotes, then decodes percent-encoding; `null` where that fails or characters stand that had to be encoded. */
function headerText(value: string): string | null {
  const quoted = /^"(.*)"$/s.exec(value);
  const text = quoted ? quoted[1].replaceAll(/\\(.)/gs, '$1') : value;
  if (!/^[\x20-\x7e]*$/.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Space, quote, percent and all that is not printable ASCII. */
function percentEncoded(value: string): string {
  return value.replaceAll(/[^\x21\x23\x24\x26-\x7e]+/g, encodeURIComponent);
}
