import type { HomeFacts } from './store-faults';

/** `one stored`, `two stored`, `nobody stored`. */
export const oneOf = (index: number, did: string): string => `${['one', 'two'][index] ?? 'nobody'} ${did}`;

/**
 * What an answered cancel or reschedule of one event leaves behind, in words; empty: all is well.
 * @param started ids of events of which an attempt was begun, by those who would have begun it
 */
export function cancelFaults(answer: string, homes: readonly HomeFacts[], started: boolean): string[] {
  const flying = homes.filter((row) => row.home === 'in_flight').length;
  const cancelled = homes.some((row) => row.cancelled);
  if (answer === 'cancelled') {
    const wrong: string[] = [];
    if (started || flying > 0) wrong.push('cancelled, and an attempt has started');
    if (homes.length > 0 && !cancelled) wrong.push('cancelled, and its identity does not say so');
    if (homes.some((row) => row.home !== null)) wrong.push('cancelled, and an execution still has a home');
    return wrong;
  }
  const wrong: string[] = [];
  if (!started) wrong.push(`${answer}, and nothing has started`);
  if (cancelled) wrong.push(`${answer}, and the event is cancelled`);
  if (homes.some((row) => row.home === null)) wrong.push(`${answer}, and an execution has lost its home`);
  return wrong;
}
