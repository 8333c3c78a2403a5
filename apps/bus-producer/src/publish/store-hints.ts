/**
 * What publishing likes to know from the store, and works without: filled in by whoever reaches the store, kept while
 * it is away.
 */
export class StoreHints {
  /** Types with operations; undefined while unknown: then every type is taken. */
  knownTypes: ReadonlySet<string> | undefined;
  /** Types with an ordered operation, as far as known. */
  orderedTypes: ReadonlySet<string> | undefined;
  /**
   * Database clock minus this process's clock, in ms: delays are counted by the database clock. `null`: not known yet
   * since this process started; `delayMs` has to wait then, `deliverAt` has not.
   */
  databaseOffsetMs: number | null = null;
}
