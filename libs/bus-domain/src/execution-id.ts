import { hash } from 'node:crypto';

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
  // In one call and as text: a seventh of the time of a Hash object, four times an event.
  const hex = hash('sha256', `${event.source}\0${event.messageId}\0${operation}\0${forcedRun}`, 'hex');
  const variant = ((parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
