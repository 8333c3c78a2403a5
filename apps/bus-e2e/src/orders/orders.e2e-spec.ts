import { describeWithKafka } from '@bus/kafka-dev';
import { Terminal } from '@bus/local-bus';
import { runOrders, type OrdersOptions } from './run-orders';
import { differences, renderVerdict } from './verdict';

const PURCHASES = 300;
const WITHIN_MS = 240_000;
/** The run ends itself before Jest gives it up, so that no process is left behind. */
const RUN_WITHIN_MS = 200_000;

/** Quick tier of `npm run e2e -- orders`: the same run with fewer purchases. */
async function expectAsExpected(options: OrdersOptions): Promise<void> {
  const silent = new Terminal({ write: () => undefined });
  const report = await runOrders(
    { limit: PURCHASES, ...options },
    silent,
    AbortSignal.timeout(RUN_WITHIN_MS),
  );
  if (differences(report).length > 0) throw new Error(`Not as expected:\n${renderVerdict(report)}`);
}

describe('real purchases over the Postgres broker', () => {
  it(
    'make every operation happen once, in order, though each event is published twice',
    () => expectAsExpected({ broker: 'postgres' }),
    WITHIN_MS,
  );
});

describeWithKafka('real purchases over Kafka', () => {
  it(
    'make every operation happen once while a second bus-consumer joins and leaves',
    () => expectAsExpected({ broker: 'kafka', secondConsumer: true }),
    WITHIN_MS,
  );
});
