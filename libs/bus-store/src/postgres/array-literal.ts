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

/** Bytes, in hex; `null` is NULL. */
export function bytesArray(values: readonly (Uint8Array | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"\\\\x${Buffer.from(value).toString('hex')}"`)).join(',')}}`;
}

/** Arrays of integers, one text literal each; cast them where they are used. */
export function integerArrays(values: readonly (readonly number[])[]): string {
  return `{${values.map((value) => `"{${value.join(',')}}"`).join(',')}}`;
}

const NEEDS_ESCAPE = /["\\]/g;

function quoted(value: string): string {
  return `"${value.replace(NEEDS_ESCAPE, '\\$&')}"`;
}
