import colours from 'picocolors';

/** The one writer of the screen: whole lines, and below them (on a terminal) one line that tells what goes on. */
export class Terminal {
  private goingOn = '';

  constructor(
    private readonly out: {
      write(text: string): unknown;
      isTTY?: boolean;
      columns?: number;
    } = process.stdout,
  ) {}

  line(text = ''): void {
    this.erase();
    this.out.write(`${text}\n`);
    this.draw();
  }

  /** Shows what goes on until the next call; empty: nothing. Not shown where the output is no terminal. */
  status(text: string): void {
    this.erase();
    this.goingOn = text;
    this.draw();
  }

  /** Runs one step of the start, and prints what it did and how long it took.
   *  @param work gets a function that tells how far it is; it may return a text that replaces the title */
  async step(
    title: string,
    work: (tell: (progress: string) => void) => Promise<string | void>,
  ): Promise<void> {
    const startedAt = performance.now();
    this.status(colours.dim(`… ${title}`));
    try {
      const done = await work((progress) => this.status(colours.dim(`… ${title}: ${progress}`)));
      this.status('');
      this.line(
        `${colours.green('✓')} ${done || title} ${colours.dim(seconds(performance.now() - startedAt))}`,
      );
    } catch (error) {
      this.status('');
      this.line(`${colours.red('✗')} ${title}`);
      throw error;
    }
  }

  private erase(): void {
    if (this.out.isTTY && this.goingOn) this.out.write('\r\u001b[K');
  }

  private draw(): void {
    if (this.out.isTTY && this.goingOn) this.out.write(this.goingOn.slice(0, (this.out.columns ?? 80) + 8));
  }
}

/** `1.2 s` */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
