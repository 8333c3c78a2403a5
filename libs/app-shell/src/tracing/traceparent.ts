import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/**
 * W3C Trace Context, header `traceparent`: version-traceid-parentid-flags.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
const FORM = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Version 00, as nearly all are: its parts stand at fixed places. */
const FORM_00 = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

export interface TraceParts {
  traceId: string;
  parentId: string;
  flags: string;
}

const current = new AsyncLocalStorage<string>();

/** `null` for what the standard tells receivers to ignore. */
export function parseTraceparent(text: unknown): TraceParts | null {
  if (typeof text !== 'string' || text.length > 256) return null;
  if (FORM_00.test(text))
    return { traceId: text.slice(3, 35), parentId: text.slice(36, 52), flags: text.slice(53) };
  const [, version, traceId, parentId, flags, rest] = FORM.exec(text) ?? [];
  if (!version || !traceId || !parentId || !flags || version === 'ff') return null;
  if (version === '00' && rest !== undefined) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(parentId)) return null;
  return { traceId, parentId, flags };
}

/** A new span: of the parent's trace, or of a new trace where the parent is absent or malformed. */
export function newTraceparent(parent?: string | null): string {
  return newSpan(parseTraceparent(parent) ?? newTrace());
}

/** A new trace, to be recorded. */
export function newTrace(): Pick<TraceParts, 'traceId' | 'flags'> {
  return { traceId: randomHex(16), flags: '01' };
}

/** A new span's traceparent. @param trace well-formed: of `parseTraceparent` or `newTrace` */
export function newSpan({ traceId, flags }: Pick<TraceParts, 'traceId' | 'flags'>): string {
  return `00-${traceId}-${randomHex(8)}-${flags}`;
}

/** Of the work that runs now; a new one outside of any. */
export function currentTraceparent(): string {
  return current.getStore() ?? newTraceparent();
}

/** Of the work that runs now, for logs. */
export function currentTraceId(): string | undefined {
  return current.getStore()?.slice(3, 35);
}

/** Everything that `fn` starts, promises included, sees this traceparent as the current one. */
export function runWithTraceparent<T>(traceparent: string, fn: () => T): T {
  return current.run(traceparent, fn);
}

const RANDOM_BYTES = 4096;
/** Random, and not yet given out from `used` on: hex of many at once, since each execution takes some. */
let hex = '';
let used = 0;

function randomHex(bytes: number): string {
  const end = used + 2 * bytes;
  if (end > hex.length) {
    hex = randomBytes(RANDOM_BYTES).toString('hex');
    used = 0;
    return randomHex(bytes);
  }
  const taken = hex.slice(used, end);
  used = end;
  return taken;
}
