/** `version-traceid-parentid-flags`; ids of zeros are invalid, and so is version ff. */
const TRACEPARENT_PATTERN = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** True for a W3C `traceparent`. An invalid one is to be dropped, never to fail a request. @see W3C Trace Context §3.2 */
export function isTraceparent(text: unknown): text is string {
  return typeof text === 'string' && TRACEPARENT_PATTERN.test(text);
}
