import { createHash } from 'node:crypto';
import type { SeededRandom } from '../random';

export const MAIN_TYPE = 'proof.event';
export const ONCE_TYPE = 'proof.once';
export const RATED_TYPE = 'proof.rated';

export interface PlannedEvent {
  messageId: string;
  type: string;
  key: string | null;
  payload: { n: number; text: string };
  /** From its publish; `null`: at once. */
  delayMs: number | null;
  /** Says the delay as a point in time, not as a length. */
  asDeliverAt: boolean;
  /** The same event, published so often more. */
  duplicates: number;
  /** Published again under its id, with another payload. */
  conflict: boolean;
  /** `before`: cancelled before it is published; a number: so long after it was accepted. */
  cancel: 'before' | number | null;
  /** So long after it was accepted, to a time of so long after that. */
  reschedule: { afterMs: number; toMs: number } | null;
}

/** Events of the main type for each key: enough that lanes are long, few enough that they wait for each other. */
const EVENTS_PER_KEY = 40;
const SHARE = { keyed: 0.5, once: 0.04, rated: 0.02, duplicated: 0.04, conflicting: 0.01, delayed: 0.08 };
const SHARE_OF_DELAYED = { cancelled: 0.45, rescheduled: 0.15 };
const CANCELLED_BEFORE = 0.004;

/** @param count of the main type; those of the others come on top  @param simple no cancels and reschedules */
export function planEvents(random: SeededRandom, count: number, simple: boolean): PlannedEvent[] {
  const keys = Math.max(4, Math.round(count / EVENTS_PER_KEY));
  const total = Math.round(count / (1 - SHARE.once - SHARE.rated));
  return Array.from({ length: total }, (_, n) => {
    const kind = random.next();
    const type = kind < SHARE.once ? ONCE_TYPE : kind < SHARE.once + SHARE.rated ? RATED_TYPE : MAIN_TYPE;
    const delayed = type === MAIN_TYPE && random.chance(SHARE.delayed);
    const fate = delayed && !simple ? random.next() : 1;
    const cancelled = fate < SHARE_OF_DELAYED.cancelled;
    const rescheduled = !cancelled && fate < SHARE_OF_DELAYED.cancelled + SHARE_OF_DELAYED.rescheduled;
    return {
      messageId: `m-${n}`,
      type,
      // A type with an ordered operation is not taken without a key.
      key: type === MAIN_TYPE || random.chance(SHARE.keyed) ? `k-${random.int(keys)}` : null,
      payload: {
        n,
        text: random
          .int(2 ** 31)
          .toString(36)
          .repeat(1 + random.int(12)),
      },
      delayMs: delayed ? 500 + random.int(5_000) : null,
      asDeliverAt: random.chance(0.5),
      duplicates: random.chance(SHARE.duplicated) ? 1 + random.int(5) : 0,
      conflict: random.chance(SHARE.conflicting),
      cancel:
        !simple && type === MAIN_TYPE && random.chance(CANCELLED_BEFORE)
          ? 'before'
          : cancelled
            ? random.int(6_000)
            : null,
      reschedule: rescheduled ? { afterMs: random.int(1_500), toMs: 500 + random.int(4_000) } : null,
    };
  });
}

/** What tells one content from another: the same of a publish, a stored event and an effect. */
export function contentOf(payload: unknown): string {
  return createHash('sha256').update(JSON.stringify(payload)).digest('hex');
}
