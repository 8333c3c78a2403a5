import type { OutgoingRecord } from '@bus/domain';
import { Client } from 'pg';
import { BrokerPublisher, type PublishResult } from '../broker-publisher';
import { KeptConnection } from '../kept-connection';
import { type QueuedRecord, RecordBatcher } from '../record-batcher';
import { within } from '../within';
import { appendStatement } from './append-statement';
import { checkLog, connectionSettings, type PostgresLogOptions, unavailable } from './postgres-log';

/** Of one flush, waiting for a partition's lock included; under the time of an answer. */
const STATEMENT_WITHIN_MS = 4_000;
const START_PATIENCE_MS = 5_000;
const CHECK_WITHIN_MS = 2_000;
/** SQLSTATE classes after which nobody knows whether the commit happened. */
const CONNECTION_LOST = /^(08|57P)/;

/** Publishes into the log table: one statement, which is its own transaction, for each flush; committed is accepted.
 *  One flush at a time, on a connection of its own. */
export class PostgresPublisher extends BrokerPublisher {
  private readonly batcher: RecordBatcher;
  private readonly connection: KeptConnection<Client>;
  /** Whether the last flush woke a subscriber: then the next one tells it the records. At first, to be on the safe side. */
  private woke = true;

  constructor(private readonly options: PostgresLogOptions) {
    super();
    this.connection = new KeptConnection({
      open: () => this.open(),
      close: (client) => client.end(),
      opened: () => this.batcher.flush(),
      logger: options.logger,
    });
    this.batcher = new RecordBatcher({
      partitions: options.partitions,
      sends: 1,
      ready: () => this.connection.current !== undefined,
      send: (batch) => this.send(batch),
      fault: () => this.connection.fault,
    });
  }

  publish(records: readonly OutgoingRecord[]): Promise<PublishResult[]> {
    return this.batcher.publish(records);
  }

  start(): Promise<void> {
    return this.connection.start(START_PATIENCE_MS);
  }

  async check(): Promise<void> {
    const client = this.connection.current;
    if (client === undefined) throw unavailable(this.connection.fault);
    try {
      await within(client.query('select 1'), CHECK_WITHIN_MS, () => unavailable());
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  async stop(): Promise<void> {
    await this.batcher.close();
    await this.connection.stop();
  }

  private async open(): Promise<Client> {
    const client = new Client(connectionSettings(this.options, STATEMENT_WITHIN_MS));
    client.on('error', (cause) => this.connection.lose(client, cause));
    client.on('end', () => this.connection.lose(client, unavailable()));
    await client.connect();
    try {
      await checkLog(client, this.options.partitions);
    } catch (cause) {
      await client.end();
      throw cause;
    }
    return client;
  }

  private async send(batch: readonly QueuedRecord[]): Promise<PublishResult[]> {
    const client = this.connection.current;
    if (client === undefined) {
      return batch.map(() => ({ outcome: 'not_accepted', cause: this.connection.fault }));
    }
    try {
      const { rows } = await client.query<AppendedRow>(appendStatement(batch, this.woke));
      this.woke = rows[0]?.woken === '1';
      return readOffsets(batch, rows);
    } catch (cause) {
      const rolledBack = isRolledBack(cause);
      if (!rolledBack) this.connection.lose(client, cause);
      return batch.map(() => ({ outcome: rolledBack ? 'not_accepted' : 'unknown', cause }));
    }
  }
}

interface AppendedRow {
  partition: number;
  offset: string;
  /** Number of notifications. */
  woken: string;
}

/** The server's own error about a statement means that it was rolled back; anything else says nothing. */
function isRolledBack(error: unknown): boolean {
  const { code, severity } = error as { code?: string; severity?: string };
  return severity === 'ERROR' && code !== undefined && !CONNECTION_LOST.test(code);
}

function readOffsets(batch: readonly QueuedRecord[], rows: readonly AppendedRow[]): PublishResult[] {
  const next = new Map(rows.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return batch.map(({ partition }) => {
    const offset = next.get(partition);
    if (offset === undefined) throw new Error(`partition ${partition} is missing; run bus-migrate`);
    next.set(partition, offset + 1n);
    return { outcome: 'accepted', partition, offset };
  });
}
