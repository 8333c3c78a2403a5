/** How many publish calls of a run were answered: others wait for a share of them, and may hold the next ones up. */
export class PublishProgress {
  private answered = 0;
  private marks: { at: number; done: () => void }[] = [];
  private held: Promise<void> | null = null;

  /** @param total publish calls of the whole run */
  constructor(private readonly total: number) {}

  /** Resolves once this share of the calls is answered; at once where it is already. @param share in [0, 1] */
  reached(share: number): Promise<void> {
    const at = share * this.total;
    if (this.answered >= at) return Promise.resolve();
    return new Promise((done) => this.marks.push({ at, done }));
  }

  /** No further call leaves until the returned function is called: what begins meanwhile sees the rest of the run. */
  hold(): () => void {
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((done) => (goOn = done));
    this.held = held;
    return () => {
      if (this.held === held) this.held = null;
      goOn();
    };
  }

  /** Counts one answer. Resolves when the next call may leave. */
  async answer(): Promise<void> {
    this.answered += 1;
    const passed = this.marks.filter(({ at }) => this.answered >= at);
    this.marks = this.marks.filter((mark) => !passed.includes(mark));
    for (const { done } of passed) done();
    if (passed.length > 0) await Promise.resolve(); // who waited for this share may hold the next call up
    await this.held;
  }

  /** Calls answered so far. */
  get count(): number {
    return this.answered;
  }
}
