import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { applyOperations } from '@bus/cli';
import { waitUntilReady, type Terminal } from '@bus/local-bus';
import { Client } from 'pg';
import { startOwnBus, type Broker, type OwnBus } from '../harness/own-bus';
import { disturb, type Progress } from './disturb';
import { observe, openExecutions, storedEvents, type ObservedFigures } from './observed';
import { PUBLISHERS, publishOrders } from './publish-orders';
import { expectedOf, readPurchases, type Purchase } from './purchases';

const OPERATIONS = join(resolve(__dirname, '../..'), 'operations/orders.yaml');
const LOOK_EVERY_MS = 250;
const DRAIN_WITHIN_MS = 240_000;

export interface OrdersOptions {
  broker: Broker;
  /** The first so many purchases. Default: all 6,919. */
  limit?: number;
  /** Kill bus-consumer five times and keep coupons down for 20 s. */
  faults?: boolean;
  /** A second bus-consumer joins after a third of the run and leaves after two. */
  secondConsumer?: boolean;
  verbose?: boolean;
}

export interface OrdersReport {
  expected: ObservedFigures;
  actual: ObservedFigures;
  publishMs: number;
  drainMs: number;
}

/** Publishes the purchases on a bus of its own, waits for every execution to end, and counts. */
export async function runOrders(options: OrdersOptions, terminal: Terminal): Promise<OrdersReport> {
  const purchases = readPurchases(options.limit);
  const own = await startOwnBus(options.broker, terminal, options.verbose);
  const client = new Client({ connectionString: own.databaseUrl });
  try {
    await client.connect();
    await applyOperations({ consoleUrl: own.consoleUrl, files: [OPERATIONS], env: own.env });
    const startedAt = performance.now();
    await publishDisturbed(options, own, purchases, terminal);
    const publishedAt = performance.now();
    await drained(client, purchases.length, terminal);
    const actual = await observe(client, purchases);
    return {
      expected: expectation(purchases),
      actual,
      publishMs: publishedAt - startedAt,
      drainMs: performance.now() - publishedAt,
    };
  } finally {
    await client.end();
    await own.stop();
  }
}

function expectation(purchases: readonly Purchase[]): ObservedFigures {
  const expected = expectedOf(purchases);
  return {
    ...expected,
    textMessages: expected.messages,
    ledgersOutOfOrder: 0,
    messagesBeforeCoupon: 0,
    duplicates: 0,
    leftOver: 0,
  };
}

async function publishDisturbed(
  options: OrdersOptions,
  own: OwnBus,
  purchases: readonly Purchase[],
  terminal: Terminal,
): Promise<void> {
  const ended = new AbortController();
  const marks: { at: number; done: () => void }[] = [];
  const total = purchases.length * 2;
  const progress: Progress = {
    reached: (share) => new Promise((done) => marks.push({ at: share * total, done })),
  };
  const publishers = Array.from({ length: PUBLISHERS }, () => own.publisher());
  const beside: Promise<unknown>[] = [];
  if (options.faults) beside.push(disturb(own.bus, progress, terminal, ended.signal));
  if (options.secondConsumer) beside.push(joinAndLeave(own, progress, terminal));
  const published = publishOrders(purchases, publishers, (answered) => {
    if (answered % 500 === 0) terminal.status(`  … ${answered} of ${total} publish calls answered`);
    for (const mark of marks) if (answered >= mark.at) mark.done();
  });
  try {
    await Promise.all([published, ...beside]);
  } finally {
    ended.abort();
    terminal.status('');
  }
}

async function joinAndLeave(own: OwnBus, progress: Progress, terminal: Terminal): Promise<void> {
  await progress.reached(1 / 3);
  const httpPort = await own.freePort();
  const second = own.bus.replicaOf('bus-consumer', 'bus-consumer-2', httpPort);
  second.start();
  await waitUntilReady(httpPort, 60_000);
  terminal.line('  ⇄ a second bus-consumer has joined');
  await progress.reached(2 / 3);
  await second.stop(30_000);
  terminal.line('  ⇄ the second bus-consumer has left');
}

/** Waits until all events are stored and no execution is open. @throws Error naming what is left after 4 minutes */
async function drained(client: Client, events: number, terminal: Terminal): Promise<void> {
  const deadline = performance.now() + DRAIN_WITHIN_MS;
  for (;;) {
    const stored = await storedEvents(client);
    const open = await openExecutions(client);
    if (stored >= events && open === 0) return terminal.status('');
    terminal.status(`  … ${stored} of ${events} events stored, ${open} executions open`);
    if (performance.now() > deadline) {
      terminal.line(
        `  not drained within ${DRAIN_WITHIN_MS / 1000} s: ${stored} of ${events} events, ${open} open`,
      );
      return terminal.status('');
    }
    await pause(LOOK_EVERY_MS);
  }
}
