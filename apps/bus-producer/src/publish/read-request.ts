import { BusError, type Fault } from '@bus/contracts';
import {
  type CloudEventRequest,
  isJsonType,
  readBinary,
  readStructured,
  scanJson,
  type ScanOptions,
} from '@bus/domain';

/** What is needed of an HTTP request: lower-case headers, and the body's bytes as they came (inflated). */
export interface HttpBody {
  headers: Record<string, string | string[] | undefined>;
  rawBody?: Buffer;
}

/** `event` is a PublishRequest as far as parsed. */
export type ReadRequest = { event: unknown; textFaults: Fault[] } | { cloudEvent: CloudEventRequest };

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const STRUCTURED = /^application\/cloudevents\+json\s*(?:;|$)/i;
/** Several CloudEvents in one body; the batch of `/v1/events/batch` is another format. */
const STRUCTURED_BATCH = /^application\/cloudevents-batch\b/i;

/**
 * One event, in whichever of its three forms: the bus's own, a CloudEvent in structured or in binary mode.
 * @throws BusError `unsupported_type`, or `invalid` where the body is no JSON
 */
export function readEvent(request: HttpBody): ReadRequest {
  const contentType = contentTypeOf(request);
  if (STRUCTURED.test(contentType)) {
    const { value, faults } = readJson(request, { payloadKey: 'data' });
    const cloudEvent = readStructured(value);
    return { cloudEvent: { ...cloudEvent, faults: [...faults, ...cloudEvent.faults] } };
  }
  if (Object.keys(request.headers).some((name) => name.startsWith('ce-'))) {
    const { value, faults } = readJson(request, {});
    const cloudEvent = readBinary(request.headers, value);
    const inData = faults.map((fault) => ({ ...fault, path: `/data${fault.path}` }));
    return { cloudEvent: { ...cloudEvent, faults: [...inData, ...cloudEvent.faults] } };
  }
  const { value, faults } = readJson(request, { payloadKey: 'payload' });
  return { event: value, textFaults: faults };
}

/** The bus's own batch. @throws as readEvent */
export function readBatch(request: HttpBody): { batch: unknown; textFaults: Fault[] } {
  if (STRUCTURED.test(contentTypeOf(request))) throw unsupported();
  const { value, faults } = readJson(request, { payloadKey: 'payload', itemsKey: 'events' });
  return { batch: value, textFaults: faults };
}

/** Any other JSON body, free of what parsing would hide. @throws as readEvent */
export function readBody(request: HttpBody): unknown {
  contentTypeOf(request);
  const { value, faults } = readJson(request, {});
  if (faults.length > 0) throw faulty(faults);
  return value;
}

function contentTypeOf({ headers }: HttpBody): string {
  const contentType = String(headers['content-type'] ?? '');
  if (!isJsonType(contentType) || STRUCTURED_BATCH.test(contentType)) throw unsupported();
  return contentType;
}

function readJson({ rawBody }: HttpBody, options: ScanOptions): { value: unknown; faults: Fault[] } {
  let text: string;
  try {
    text = UTF_8.decode(rawBody ?? Buffer.alloc(0));
  } catch {
    throw faulty([{ path: '', message: 'not UTF-8' }]);
  }
  const faults = scanJson(text, options).map(({ path, message }) => ({ path, message }));
  try {
    return { value: JSON.parse(text) as unknown, faults };
  } catch {
    throw faulty([{ path: '', message: 'not JSON' }]);
  }
}

function faulty(faults: Fault[]): BusError {
  return new BusError({
    code: 'invalid',
    message: 'The body cannot be read; nothing was done.',
    faults,
    logLevel: 'debug',
  });
}

function unsupported(): BusError {
  return new BusError({
    code: 'unsupported_type',
    message:
      'Send application/json, or one CloudEvent: application/cloudevents+json, or JSON with ce- headers.',
    logLevel: 'debug',
  });
}
