import { Client } from 'pg';

/** Every statement that this process sends through pg while it is on. */
export class StatementLog {
  readonly texts: string[] = [];
  private readonly original = Client.prototype.query as (...args: unknown[]) => unknown;
  private watchers: (() => void)[] = [];

  constructor() {
    const note = (query: unknown) => this.note(query);
    const { original } = this;
    Client.prototype.query = function (this: Client, ...args: unknown[]) {
      note(args[0]);
      return original.apply(this, args);
    } as typeof Client.prototype.query;
  }

  /** Resolves once a statement matches that was sent after this call. */
  async next(pattern: RegExp): Promise<void> {
    const from = this.texts.length;
    await new Promise<void>((done) => {
      this.watchers.push(() => {
        if (this.texts.slice(from).some((text) => pattern.test(text))) done();
      });
    });
  }

  off(): void {
    Client.prototype.query = this.original as typeof Client.prototype.query;
  }

  private note(query: unknown): void {
    this.texts.push(typeof query === 'string' ? query : String((query as { text?: string }).text));
    for (const watcher of this.watchers) watcher();
  }
}
