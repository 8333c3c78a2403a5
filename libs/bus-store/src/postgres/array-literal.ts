/**
 * Array parameters as PostgreSQL's text literals. The driver would quote and escape every number and id of a batch;
 * these go as they are.
 * @see https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */

/** Numbers, bigints, booleans, UUIDs and times without a space: nothing in them needs quotes. `null` is NULL. */
export function plainArray(values: readonly (number | bigint | boolean | string | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Any text; `null` is NULL. */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : quoted(value))).join(',')}}`;
}

/**
 * As `textArray`; nothing at all where all are NULL. For a column of an `unnest` with several arrays, not its first one:
 * PostgreSQL fills the shorter ones up with NULLs.
 */
export function sparseTextArray(values: readonly (string | null)[]): string {
  return values.every(isNull) ? '{}' : textArray(values);
}

/** As `plainArray`, with the same short cut. */
export function sparseArray(values: readonly (number | bigint | boolean | string | null)[]): string {
  return values.every(isNull) ? '{}' : plainArray(values);
}

const isNull = (value: unknown): boolean => value === null;

/** Bytes, in hex; `null` is NULL. */
export function bytesArray(values: readonly (Uint8Array | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"\\\\x${Buffer.from(value).toString('hex')}"`)).join(',')}}`;
}

/** Arrays of integers, one text literal each; cast them where they are used. */
export function integerArrays(values: readonly (readonly number[])[]): string {
  return `{${values.map((value) => `"{${value.join(',')}}"`).join(',')}}`;
}

const NEEDS_ESCAPE = /["\\]/;
const EACH_TO_ESCAPE = /["\\]/g;
/** What JSON escapes and an array literal does not: control characters, and surrogates (it escapes lone ones). */
const ESCAPED_OTHERWISE = /[^ -\ud7ff\ue000-\uffff]/;

function quoted(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return `"${value}"`;
  // The same text, several times faster: payloads are full of quotes.
  if (!ESCAPED_OTHERWISE.test(value)) return JSON.stringify(value);
  return `"${value.replace(EACH_TO_ESCAPE, '\\$&')}"`;
}
