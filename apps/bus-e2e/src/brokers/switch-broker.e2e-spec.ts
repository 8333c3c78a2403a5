import { setTimeout as pause } from 'node:timers/promises';
import { applyOperations } from '@bus/cli';
import { describeWithKafka } from '@bus/kafka-dev';
import { Terminal } from '@bus/local-bus';
import { Client } from 'pg';
import { startOwnBus, type OwnBus } from '../harness/own-bus';
import { observe } from '../orders/observed';
import { publishOrders } from '../orders/publish-orders';
import { PublishProgress } from '../orders/publish-progress';
import { readPurchases, type Purchase } from '../orders/purchases';
import { drained, expectation, OPERATIONS } from '../orders/run-orders';

const PURCHASES = 90;
const WITHIN_MS = 300_000;

describeWithKafka('switching BUS_BROKER on the same data', () => {
  let own: OwnBus;
  let client: Client;
  const terminal = new Terminal({ write: () => undefined });
  beforeAll(async () => {
    own = await startOwnBus('kafka', terminal, {
      bothBrokers: true,
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    client = new Client({ connectionString: own.databaseUrl });
    await client.connect();
    await applyOperations({ consoleUrl: own.consoleUrl, files: [OPERATIONS], env: own.env });
  }, WITHIN_MS);
  afterAll(async () => {
    await client?.end();
    await own?.stop();
  }, WITHIN_MS);

  const publish = (purchases: readonly Purchase[]) =>
    publishOrders(purchases, [own.publisher()], new PublishProgress(purchases.length * 2));

  /** Until so many records of a broker's log were taken into the inbox. */
  const read = async (broker: string, records: number) => {
    for (let taken = 0; taken < records; await pause(100)) {
      const { rows } = await client.query<{ taken: string }>(
        `select coalesce(sum(next_offset), 0) as taken from bus.consumer_offset where log_id like $1 || ':%'`,
        [broker],
      );
      taken = Number(rows[0].taken);
    }
  };

  it(
    'loses nothing and runs nothing twice, though records wait in the broker that was left',
    async () => {
      const purchases = readPurchases(PURCHASES);
      const third = PURCHASES / 3;
      await publish(purchases.slice(0, third));
      await drained(client, third, terminal);
      await own.bus.stopApp('bus-consumer');
      await publish(purchases.slice(third, 2 * third)); // accepted by Kafka, read by nobody yet

      await own.switchBroker('postgres');
      await publish(purchases.slice(2 * third));
      await publish(purchases.slice(0, third)); // known from Kafka: identity does not depend on the broker
      await read('postgres', 4 * third);
      await drained(client, 2 * third, terminal);

      await own.switchBroker('kafka');
      await drained(client, PURCHASES, terminal);
      await publish(purchases.slice(2 * third)); // known from the Postgres broker
      await read('kafka', 6 * third);
      await drained(client, PURCHASES, terminal);

      // Key order is the log's, and these customers' orders stand in two logs.
      const { ledgersOutOfOrder: _order, ...actual } = await observe(client, purchases);
      const { ledgersOutOfOrder: _none, ...expected } = expectation(purchases);
      expect(actual).toEqual(expected);
      const { rows } = await client.query<{ broker: string }>(
        `select distinct split_part(log_id, ':', 1) as broker from bus.consumer_offset order by 1`,
      );
      expect(rows.map(({ broker }) => broker)).toEqual(['kafka', 'postgres']);
    },
    WITHIN_MS,
  );
});
