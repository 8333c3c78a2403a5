import { createHash } from 'node:crypto';

/**
 * The idempotency key of an execution: a UUID (version 8, RFC 9562) from the first 16 bytes of SHA-256 over source,
 * message id, operation and forced run, separated by NUL. Not of the event id: failover and republishing keep it.
 * @param forcedRun 0; one more for each `force` replay, which repeats the effect on purpose
 */
export function executionIdOf(
  event: { source: string; messageId: string },
  operation: string,
  forcedRun = 0,
): string {
  const hash = createHash('sha256')
    .update(`${event.source}\0${event.messageId}\0${operation}\0${forcedRun}`)
    .digest()
    .subarray(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
