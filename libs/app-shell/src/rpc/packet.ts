/** Longest id that is echoed: an id is the caller's own number for a call. */
const MAX_ID_CHARS = 128;
const MAX_PATTERN_DEPTH = 5;
const MAX_PATTERN_KEYS = 20;

/** A request as Nest's TCP client frames it. */
export interface Packet {
  pattern?: unknown;
  data?: unknown;
  id?: unknown;
}

/** An id that can be echoed in the answer. */
export function isCallId(id: unknown): id is string | number {
  return typeof id === 'number' || (typeof id === 'string' && id.length <= MAX_ID_CHARS);
}

/** A pattern that can be looked up: a text or number, or an object of a few levels and keys. */
export function isPattern(pattern: unknown, depth = 0): boolean {
  if (typeof pattern === 'string' || typeof pattern === 'number') return true;
  if (typeof pattern !== 'object' || pattern === null) return depth > 0;
  if (depth >= MAX_PATTERN_DEPTH) return false;
  const values = Object.values(pattern);
  return values.length <= MAX_PATTERN_KEYS && values.every((value) => isPattern(value, depth + 1));
}
