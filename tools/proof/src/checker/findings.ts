import type { Violation } from '../layer';

export const INVARIANTS = {
  I1: 'accepted: one end state, one effect per completed execution',
  I2: 'unknown: stored at most once; not accepted: never stored',
  I3: 'no event and no effect without a publish',
  I4: 'at most one effect per execution',
  I5: 'lane effects in the order of answers',
  I6: 'dependents after what they depend on',
  I7: 'nothing early',
  I8: 'cancelled: no attempt, no effect',
  I9: 'each effect has its attempt, each attempt one end, fences rise',
  I10: 'rate kept in every window',
  I11: 'healed: nothing in flight or due, positions at the log end',
  I12: 'quarantine holds what was injected, and no more',
  I13: 'memory and connections bounded',
  I14: 'reconcile: one home or one end for every execution',
} as const;
export type InvariantId = keyof typeof INVARIANTS;

/** More of one kind tell nothing new. */
const KEPT_OF_EACH = 20;

/** What the invariants report into. */
export class Findings {
  readonly violations: Violation[] = [];
  private readonly counts = new Map<InvariantId, { checked: number; violations: number }>();

  /** @param repeat what repeats the run: goes with each violation */
  constructor(private readonly repeat: string) {}

  /** So many more cases were looked at. */
  checked(id: InvariantId, cases = 1): void {
    this.of(id).checked += cases;
  }

  violated(id: InvariantId, detail: string): void {
    const counts = this.of(id);
    counts.violations++;
    if (counts.violations <= KEPT_OF_EACH) this.violations.push({ rule: id, detail, repeat: this.repeat });
  }

  /** Counts one case, and a violation unless it holds. @param detail made only where it doesn't */
  expect(id: InvariantId, holds: boolean, detail: () => string): void {
    this.checked(id);
    if (!holds) this.violated(id, detail());
  }

  countsOf(id: InvariantId): { checked: number; violations: number } {
    return this.of(id);
  }

  private of(id: InvariantId): { checked: number; violations: number } {
    let counts = this.counts.get(id);
    if (!counts) this.counts.set(id, (counts = { checked: 0, violations: 0 }));
    return counts;
  }
}
