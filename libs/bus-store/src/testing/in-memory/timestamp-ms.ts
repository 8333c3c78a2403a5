/** RFC 3339 as ms since the epoch. @throws RangeError where it is none: PostgreSQL would refuse it as well */
export function timestampMs(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new RangeError(`"${text}" is no RFC 3339 time`);
  return ms;
}
