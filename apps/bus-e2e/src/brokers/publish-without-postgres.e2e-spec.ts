import { applyOperations } from '@bus/cli';
import { describeWithKafka } from '@bus/kafka-dev';
import { Terminal } from '@bus/local-bus';
import { Client } from 'pg';
import { startOwnBus, type OwnBus } from '../harness/own-bus';
import { observe } from '../orders/observed';
import { publishOrders } from '../orders/publish-orders';
import { PublishProgress } from '../orders/publish-progress';
import { messageIdOf, ORDER_SOURCE, readPurchases } from '../orders/purchases';
import { drained, expectation, OPERATIONS } from '../orders/run-orders';

const PURCHASES = 40;
const WITHIN_MS = 300_000;

describeWithKafka('with Kafka, while PostgreSQL is away', () => {
  let own: OwnBus;
  const terminal = new Terminal({ write: () => undefined });
  beforeAll(async () => {
    own = await startOwnBus('kafka', terminal, { signal: AbortSignal.timeout(WITHIN_MS) });
    await applyOperations({ consoleUrl: own.consoleUrl, files: [OPERATIONS], env: own.env });
  }, WITHIN_MS);
  afterAll(() => own?.stop(), WITHIN_MS);

  const publish = (from: number, to: number) => {
    const purchases = readPurchases(PURCHASES).slice(from, to);
    return publishOrders(purchases, [own.publisher()], new PublishProgress(purchases.length * 2));
  };

  it(
    'goes on publishing, answers cancel unknown, and makes everything happen once it is back',
    async () => {
      await publish(0, 10);
      await own.parts.stopPostgres();
      await publish(10, PURCHASES);
      const cancelled = own.control().cancel({ source: ORDER_SOURCE, messageId: messageIdOf(1) });
      await expect(cancelled).rejects.toMatchObject({ code: 'unavailable', outcome: 'unknown' });
      const ready = await fetch(`${own.producerUrl}/health/ready`);
      expect(ready.status).toBe(200);

      await own.parts.startPostgres();
      const client = new Client({ connectionString: own.databaseUrl });
      await client.connect();
      try {
        const purchases = readPurchases(PURCHASES);
        await drained(client, PURCHASES, terminal);
        expect(await observe(client, purchases)).toEqual(expectation(purchases));
      } finally {
        await client.end();
      }
    },
    WITHIN_MS,
  );
});
