import { Client, Pool, type ClientConfig, type PoolClient, type QueryConfig } from 'pg';
import { ReadOnlyServerError } from './connection.errors';

export interface StorePoolOptions {
  connectionString: string;
  /** Connections. Default 6. */
  poolSize?: number;
  /** Shows in `pg_stat_activity`. */
  applicationName: string;
  /** Default 15,000. */
  statementTimeoutMs?: number;
  /** Default 3,000. */
  lockTimeoutMs?: number;
  /** Default 10,000: no transaction stays open over a call. */
  idleInTransactionTimeoutMs?: number;
  /** For a free connection, or a new one. Default 5,000. */
  connectTimeoutMs?: number;
}

/** Statements sent, counted at the driver: BEGIN, COMMIT and ROLLBACK included. */
export class StatementCounter {
  total = 0;
  /** By prepared name, or by the first word of the text. */
  readonly byName = new Map<string, number>();

  count(statement: string): void {
    this.total += 1;
    this.byName.set(statement, (this.byName.get(statement) ?? 0) + 1);
  }

  reset(): void {
    this.total = 0;
    this.byName.clear();
  }
}

/** The one pool of a process; type and Nest token in one. Connects when first used. */
export class StorePool extends Pool {
  readonly statements: StatementCounter;
  /** Transactions run again as a whole: deadlocks, serialisation failures, changed ground. */
  transactionsAgain = 0;
  /** Connections lost while idle; the pool has replaced them. */
  idleConnectionsLost = 0;

  constructor(options: StorePoolOptions) {
    const statements = new StatementCounter();
    super({ ...toPoolConfig(options), Client: countingClient(statements) as never });
    this.statements = statements;
    // Without a listener a connection that breaks while idle would end the process.
    this.on('error', () => (this.idleConnectionsLost += 1));
    // Nor may one that breaks in a transaction, between two statements: the next statement fails with the cause.
    this.on('connect', (client) => client.on('error', () => undefined));
  }

  /** Called by Nest after every module has stopped. */
  async onApplicationShutdown(): Promise<void> {
    if (!this.ending) await this.end();
  }
}

export function createStorePool(options: StorePoolOptions): StorePool {
  return new StorePool(options);
}

/**
 * A statement that is prepared once per connection under its name: planning anew costs a batch of one 60 %.
 * @returns the query for given values
 */
export function named(name: string, text: string): (values?: unknown[]) => QueryConfig {
  return (values) => ({ name, text, values });
}

/** What can run a statement: the pool by itself, or a transaction's connection. */
export type Queryable = Pick<PoolClient, 'query'>;

/** Session settings go with the start-up packet: no statement is spent on them. */
function toPoolConfig(options: StorePoolOptions) {
  const statementTimeoutMs = options.statementTimeoutMs ?? 15_000;
  return {
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.poolSize ?? 6,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    // The server's own limit comes first; this one is for a connection that died without a word.
    query_timeout: statementTimeoutMs + 5_000,
    lock_timeout: options.lockTimeoutMs ?? 3_000,
    idle_in_transaction_session_timeout: options.idleInTransactionTimeoutMs ?? 10_000,
    options: SESSION_OPTIONS,
    // Same as libpq's target_session_attrs=read-write: a standby never decides anything.
    verify: (client: PoolClient, done: (error?: Error) => void) =>
      done((client as unknown as { readOnly: boolean }).readOnly ? new ReadOnlyServerError() : undefined),
  };
}

/**
 * The guarantees are proved for READ COMMITTED, and times as text are UTC. A prepared plan lives long, and is often made
 * while a table is empty (hot tables are emptied all day, a day's partition begins so): reading it whole looks cheap
 * then, and is ruinous once it has filled up. So keys are used wherever there are any. No compiling for 500 rows.
 */
const SESSION_OPTIONS = [
  'default_transaction_isolation=read\\ committed',
  'TimeZone=UTC',
  'enable_seqscan=off',
  'jit=off',
]
  .map((setting) => `-c ${setting}`)
  .join(' ');

interface WireConnection {
  on(
    event: 'parameterStatus',
    listener: (message: { parameterName: string; parameterValue: string }) => void,
  ): void;
}

function countingClient(statements: StatementCounter): typeof Client {
  const send = Client.prototype.query as (...args: unknown[]) => unknown;
  class CountingClient extends Client {
    /** As the server reports unasked since PostgreSQL 14, at start and whenever it changes. */
    readOnly = false;

    constructor(config?: string | ClientConfig) {
      super(config);
      const reported = new Set<string>();
      (this as unknown as { connection: WireConnection }).connection.on('parameterStatus', (message) => {
        const { parameterName: name, parameterValue: value } = message;
        if (name !== 'in_hot_standby' && name !== 'default_transaction_read_only') return;
        if (value === 'on') reported.add(name);
        else reported.delete(name);
        this.readOnly = reported.size > 0;
      });
    }
  }
  CountingClient.prototype.query = function count(this: CountingClient, ...args: unknown[]) {
    statements.count(nameOf(args[0]));
    return send.apply(this, args);
  } as typeof Client.prototype.query;
  return CountingClient;
}

function nameOf(query: unknown): string {
  if (typeof query === 'string') return firstWord(query);
  const { name, text } = query as { name?: string; text?: string };
  return name ?? firstWord(text ?? '');
}

function firstWord(text: string): string {
  return /^\s*(\w+)/.exec(text)?.[1]?.toLowerCase() ?? 'statement';
}
