import { Client } from 'pg';
import { KeptConnection } from '../kept-connection';
import { WAKE_CHANNEL } from './append-statement';
import { readNotification, type Notification } from './notification';
import { connectionSettings, type PostgresLogOptions, unavailable } from './postgres-log';

const STATEMENT_WITHIN_MS = 5_000;

/** Hears which partitions grew, and small records with it, on a connection of its own. What is missed while it is lost,
 *  the next beat finds. */
export class GrowthListener {
  private readonly connection: KeptConnection<Client>;

  /** @param grown called with each notification; with none after each connect: anything may have grown */
  constructor(options: PostgresLogOptions, grown: (notification?: Notification) => void) {
    this.connection = new KeptConnection({
      open: async () => {
        const client = new Client(connectionSettings(options, STATEMENT_WITHIN_MS));
        client.on('error', (cause) => this.connection.lose(client, cause));
        client.on('end', () => this.connection.lose(client, unavailable()));
        let key = '';
        client.on('notification', ({ payload }) => grown(readNotification(payload ?? '', key)));
        await client.connect();
        key = await notifyKey(client);
        await client.query(`listen ${WAKE_CHANNEL}`);
        return client;
      },
      close: (client) => client.end(),
      opened: () => grown(),
      logger: options.logger,
    });
  }

  start(patienceMs: number): Promise<void> {
    return this.connection.start(patienceMs);
  }

  stop(): Promise<void> {
    return this.connection.stop();
  }
}

async function notifyKey(client: Client): Promise<string> {
  const { rows } = await client.query<{ key: string }>('select notify_key::text as key from bus_broker.log');
  return rows[0]?.key ?? '';
}
