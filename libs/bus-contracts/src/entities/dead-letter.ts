/** Stored as a small integer: the index here. Append new causes at the end. */
export const DEAD_CAUSES = ['rejected', 'attempts_used_up', 'too_old', 'outcome_unknown'] as const;
export type DeadCause = (typeof DEAD_CAUSES)[number];

/** An execution that was rejected or ran out of attempts or age (table `bus.dead_letter`). */
export class DeadLetter {
  eventId!: string;
  operationId!: number;
  /** The attempt that ended it. */
  attempt!: number;
  cause!: DeadCause;
  code!: string | null;
  reason!: string | null;
  diedAt!: Date;
}
