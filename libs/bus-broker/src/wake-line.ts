/** A loop's rest that can be cut short: `wake` before `rest` counts too. For one loop at a time. */
export class WakeLine {
  private woken = false;
  private end: (() => void) | undefined;

  wake(): void {
    this.woken = true;
    this.end?.();
  }

  /** Resolves after `ms`, or as soon as `wake` was called since the last rest.
   *  @returns whether it had to wait at all */
  async rest(ms: number): Promise<boolean> {
    const waits = !this.woken;
    if (waits) {
      await new Promise<void>((done) => {
        const timer = setTimeout(done, ms);
        this.end = () => {
          clearTimeout(timer);
          done();
        };
      });
      this.end = undefined;
    }
    this.woken = false;
    return waits;
  }
}
