import { createStorePool, type StorePool } from '@bus/store';
import type { PoolClient, QueryConfig, QueryResult } from 'pg';
import type { Bend, Send } from './bend';

/** Neither locks nor looks at what the other one changes: no boundary worth a round. */
const UNSTEPPED = /^(begin|savepoint|rollback|bus-load-|inbox\.positions|control\.executions)/;
/** Commits by itself. Here it is opened up, so that a round can stop between it and its commit. */
const ALONE = /^(inbox\.ingest|bus-claim$|bus-close(\.(completed|failed))?$)/;

type Callback = (error: Error | null, result?: QueryResult) => void;

/**
 * One of the two in a race: real repositories on a connection of their own, which stops before every statement and
 * before COMMIT until `letGo`. While nobody asked it to (`stepped` false) statements pass.
 */
export class Racer {
  readonly pool: StorePool;
  stepped = false;
  /** The statement that it stands before; `null`: it runs, or it has ended. */
  before: string | null = null;
  /** Of the connection in use. */
  pid: number | null = null;
  private go: (() => void) | null = null;
  private watchers: (() => void)[] = [];

  constructor(
    readonly name: string,
    url: string,
    private readonly bend?: Bend,
  ) {
    this.pool = createStorePool({ connectionString: url, applicationName: `race-${name}`, poolSize: 1 });
    this.pool.on('connect', (client) => this.step(client));
  }

  /** Lets it send the statement that it stands before. */
  letGo(): void {
    const { go } = this;
    if (!go) throw new Error(`${this.name} stands before no statement`);
    this.before = null;
    this.go = null;
    go();
  }

  /** Resolves when it stands before a statement, or when `tell` is called. */
  changed(): Promise<void> {
    return new Promise((done) => this.watchers.push(done));
  }

  tell(): void {
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  private step(client: PoolClient): void {
    const send = client.query.bind(client) as unknown as Send;
    const bent: Send = this.bend ? async (query) => (this.bend as Bend).through(query, send) : send;
    let open = false;
    const pass = async (query: QueryConfig): Promise<QueryResult> => {
      const name = query.name ?? query.text;
      this.pid = (client as unknown as { processID: number }).processID;
      if (name === 'begin') open = true;
      if (name === 'commit' || name === 'rollback') open = false;
      if (open || !this.stepped || !ALONE.test(name)) {
        await this.stand(name);
        return bent(query);
      }
      await this.stand(name);
      await send({ text: 'begin' });
      try {
        const result = await bent(query);
        await this.stand('commit');
        await send({ text: 'commit' });
        return result;
      } catch (error) {
        await send({ text: 'rollback' });
        throw error;
      }
    };
    Object.assign(client, {
      query: (query: string | QueryConfig, values?: unknown[] | Callback, callback?: Callback) => {
        const config = typeof query === 'string' ? { text: query } : { ...query };
        if (Array.isArray(values)) config.values = values;
        const answered = pass(config);
        const told = typeof values === 'function' ? values : callback;
        if (!told) return answered;
        answered.then(
          (result) => told(null, result),
          (error: Error) => told(error),
        );
        return undefined;
      },
    });
  }

  private async stand(name: string): Promise<void> {
    if (!this.stepped || UNSTEPPED.test(name)) return;
    const allowed = new Promise<void>((go) => (this.go = go));
    this.before = name;
    this.tell();
    await allowed;
  }
}
