import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { applyOperations } from '@bus/cli';
import { waitUntilReady, type Terminal } from '@bus/local-bus';
import { Client } from 'pg';
import { startOwnBus, type Broker, type OwnBus } from '../harness/own-bus';
import { disturb } from './disturb';
import { observe, openExecutions, storedEvents, type ObservedFigures } from './observed';
import { PUBLISHERS, publishOrders } from './publish-orders';
import { PublishProgress } from './publish-progress';
import { expectedOf, readPurchases, type Purchase } from './purchases';

export const OPERATIONS = join(resolve(__dirname, '../..'), 'operations/orders.yaml');
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

/**
 * Publishes the purchases on a bus of its own, waits for every execution to end, and counts.
 * @param signal ends the run early; its processes and data are gone when this rejects
 */
export async function runOrders(
  options: OrdersOptions,
  terminal: Terminal,
  signal: AbortSignal = new AbortController().signal,
): Promise<OrdersReport> {
  const own = await startOwnBus(options.broker, terminal, { verbose: options.verbose, signal });
  const client = new Client({ connectionString: own.databaseUrl });
  client.on('error', () => undefined); // PostgreSQL may be ended under it
  try {
    return await unlessAborted(signal, publishAndCount(options, own, client, terminal));
  } finally {
    await client.end().catch(() => undefined);
    await own.stop();
  }
}

async function publishAndCount(
  options: OrdersOptions,
  own: OwnBus,
  client: Client,
  terminal: Terminal,
): Promise<OrdersReport> {
  const purchases = readPurchases(options.limit);
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
}

/** @throws the signal's reason as soon as it is aborted; the work's own end is not waited for then */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((done, fail) => {
    signal.addEventListener('abort', () => fail(signal.reason as Error), { once: true });
    if (signal.aborted) fail(signal.reason as Error);
    work.then(done, fail);
  });
}

export function expectation(purchases: readonly Purchase[]): ObservedFigures {
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
  const total = purchases.length * 2;
  const progress = new PublishProgress(total);
  const publishers = Array.from({ length: PUBLISHERS }, () => own.publisher());
  const beside: Promise<unknown>[] = [];
  if (options.faults) beside.push(disturb(own.bus, progress, terminal, ended.signal));
  if (options.secondConsumer) beside.push(joinAndLeave(own, progress, terminal));
  const show = setInterval(
    () => terminal.status(`  … ${progress.count} of ${total} publish calls answered`),
    LOOK_EVERY_MS,
  );
  const published = publishOrders(purchases, publishers, progress);
  try {
    await Promise.all([published, ...beside]);
  } finally {
    clearInterval(show);
    ended.abort();
    terminal.status('');
  }
}

/** A second bus-consumer joins after a third of the calls and leaves after two; the calls wait until it has joined, so
 *  that both have shared the partitions for a third of the run, however fast that is. */
async function joinAndLeave(own: OwnBus, progress: PublishProgress, terminal: Terminal): Promise<void> {
  await progress.reached(1 / 3);
  const goOn = progress.hold();
  try {
    const httpPort = await own.freePort();
    const second = own.bus.replicaOf('bus-consumer', 'bus-consumer-2', httpPort);
    second.start();
    await waitUntilReady(httpPort, 60_000);
    terminal.line('  ⇄ a second bus-consumer has joined');
    goOn();
    await progress.reached(2 / 3);
    await second.stop(30_000);
    terminal.line('  ⇄ the second bus-consumer has left');
  } finally {
    goOn();
  }
}

/** Waits until all events are stored and no execution is open. @throws Error naming what is left after 4 minutes */
export async function drained(client: Client, events: number, terminal: Terminal): Promise<void> {
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
