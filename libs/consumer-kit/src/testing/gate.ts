const LIMIT_MS = 20_000;

/** A barrier: holds who comes until it is opened, and tells that somebody came. */
export class Gate {
  private tellEntered!: () => void;
  private tellOpened!: () => void;
  private readonly whenEntered = new Promise<void>((resolve) => (this.tellEntered = resolve));
  private readonly whenOpened = new Promise<void>((resolve) => (this.tellOpened = resolve));

  async pass(): Promise<void> {
    this.tellEntered();
    await within(this.whenOpened, 'the gate should be opened');
  }

  open(): void {
    this.tellOpened();
  }

  /** Resolves once somebody stands in it. @throws after 20 s */
  entered(): Promise<void> {
    return within(this.whenEntered, 'somebody should come to the gate');
  }
}

/** @throws Error that says what should have happened, after `limitMs` (default 20 s) */
export async function within<T>(awaited: Promise<T>, should: string, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${should}, within ${limitMs} ms`)), limitMs);
  });
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer));
}
