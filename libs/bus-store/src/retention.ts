/** What became of a try to drop the oldest day. */
export type RetirementOutcome =
  /** @param day `YYYY-MM-DD` @param moved rows of open events that went to the default partition */
  | { outcome: 'dropped'; table: 'event' | 'attempt'; day: string; moved: number }
  /** Too many open events to move while everybody waits: the day stays until they are fewer. */
  | { outcome: 'kept'; table: 'event' | 'attempt'; day: string }
  /** Somebody else is at it, or the table was in use for too long: try again later. */
  | { outcome: 'busy' }
  /** No such day. */
  | { outcome: 'none' };

/** Port: lets history go, by whole days. Nothing that an open execution needs ever goes. */
export abstract class Retention {
  /**
   * Drops one partition: the oldest day of events, or of the attempts of dropped events, that ended more than so many
   * days ago (UTC). Events with a home row, and all their attempts, move to the default partition first; claims, closes
   * and replays wait for it, for well under a second.
   * @param afterDay `YYYY-MM-DD`: only later days are looked at; `null`: from the oldest on
   */
  abstract retireOldest(retentionDays: number, afterDay: string | null): Promise<RetirementOutcome>;

  /**
   * Deletes events of dropped days, and their attempts, that have ended since, so many days ago. Looks at 500 at a time.
   * @param after the answer before; `null`: from the first on
   * @returns `next` is null once all were looked at
   */
  abstract pruneMoved(
    retentionDays: number,
    after: string | null,
  ): Promise<{ deleted: number; next: string | null }>;

  /**
   * Looks at ≤ 1,000 identities whose time has come: deletes those of events that ended 90 days ago or more and are
   * gone, and moves the time of the others on.
   */
  abstract sweepIdentities(): Promise<{ deleted: number; movedOn: number }>;
}
