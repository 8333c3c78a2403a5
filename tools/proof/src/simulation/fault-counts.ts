/** What was injected into a world, by kind; so that a test can say that each kind really happens. */
export class FaultCounts {
  readonly counts: Record<string, number> = {};

  add(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}
