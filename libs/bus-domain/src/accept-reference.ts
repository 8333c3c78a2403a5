import { type EventReference, type Fault, LIMITS, MESSAGE_ID_PATTERN, SOURCE_PATTERN } from '@bus/contracts';
import { acceptTime, type Refusal } from './accept-event';
import { jsonPointer } from './json-pointer';

/** The event that a cancel or a status request names, or all faults of the reference. */
export function acceptReference(reference: unknown): { event: EventReference } | Refusal {
  const faults = referenceFaults(reference);
  if (faults.length > 0) return { code: 'invalid', faults };
  const { source, messageId } = reference as EventReference;
  return { event: { source, messageId } };
}

/**
 * The event and the new time of a reschedule, or all faults of both. A past time is taken: due at once.
 * @param to as it came: `{ deliverAt }`   @param databaseNowMs ms since the epoch
 */
export function acceptReschedule(
  reference: unknown,
  to: unknown,
  databaseNowMs: number,
): { event: EventReference; deliverAt: string } | Refusal {
  const faults = referenceFaults(reference);
  if (typeof to !== 'object' || to === null || Array.isArray(to))
    return { code: 'invalid', faults: [...faults, { path: '', message: 'must be an object' }] };
  const { deliverAt, ...unknown } = to as Record<string, unknown>;
  for (const name of Object.keys(unknown))
    faults.push({ path: jsonPointer([name]), message: 'unknown field' });
  const time = acceptTime(deliverAt, databaseNowMs);
  if ('fault' in time) faults.push({ path: '/deliverAt', message: time.fault });
  else if (faults.length === 0) {
    const { source, messageId } = reference as EventReference;
    return { event: { source, messageId }, deliverAt: new Date(time.timeMs).toISOString() };
  }
  return { code: 'invalid', faults: faults.slice(0, LIMITS.faults) };
}

function referenceFaults(reference: unknown): Fault[] {
  const { source, messageId } = (reference ?? {}) as Partial<Record<keyof EventReference, unknown>>;
  const faults: Fault[] = [];
  if (typeof source !== 'string' || !SOURCE_PATTERN.test(source))
    faults.push({ path: '/source', message: 'must be a text of 1 to 256 visible ASCII characters' });
  if (typeof messageId !== 'string' || !MESSAGE_ID_PATTERN.test(messageId))
    faults.push({ path: '/messageId', message: 'must be a text of 1 to 128 visible ASCII characters' });
  return faults;
}
