/** Port: the days that `event` and `attempt` are partitioned by. */
export abstract class PartitionUpkeep {
  /**
   * Makes the partitions of today (UTC) and of the days after it, where they are missing; safe from several
   * replicas at once. @param ahead days after today; keep it ≥ 3
   * @returns partitions made now
   */
  abstract ensureDays(ahead: number): Promise<number>;

  /**
   * Rows in the default partitions that belong to no day older than the oldest one kept. Anything but 0 is an alarm:
   * days were not made in time, or a clock is far ahead. Older rows are open events of dropped days, and expected.
   */
  abstract defaultRowsNewerThanOldest(): Promise<number>;
}
