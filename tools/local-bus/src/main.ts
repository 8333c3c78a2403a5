import { resolve } from 'node:path';
import { applyOperations, defaultFiles } from '@bus/cli';
import { RpcEventControl, RpcEventPublisher } from '@bus/client';
import { BusError } from '@bus/contracts';
import colours from 'picocolors';
import { readEffects } from '../demo/read-effects';
import { tellStory } from '../demo/tell-story';
import { LocalBus } from './local-bus';
import { USAGE, parseOptions, type StartOptions } from './options';
import { Terminal, seconds } from './terminal';

const ROOT = resolve(__dirname, '../../..');
const AFTER_SIGINT = 130;
const LOOK_FOR_PARENT_EVERY_MS = 500;

/** A person, or the system, asked for the end. */
class Stopped extends Error {}

async function main(options: StartOptions): Promise<void> {
  const terminal = new Terminal();
  const bus = new LocalBus({ root: ROOT, env: process.env, verbose: options.verbose }, terminal);
  const stopping = stopOnSignals(bus, terminal);
  try {
    await run(bus, options, terminal, stopping.signal);
  } catch (error) {
    if (!(stopping.signal.aborted && stopping.signal.reason instanceof Stopped)) {
      terminal.line(`\n${colours.red(explain(error))}`);
      if (options.verbose) terminal.line(String((error as Error).stack));
      process.exitCode = 1;
    }
  } finally {
    terminal.status(colours.dim('… Stopping (Ctrl-C again: at once)'));
    const stopped = await bus.stop();
    terminal.status('');
    if (stopped) terminal.line('Everything is stopped.');
  }
}

async function run(
  bus: LocalBus,
  options: StartOptions,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  await bus.start(signal);
  await terminal.step('Applying the operations', async () => {
    const { graphs } = await applyOperations({
      consoleUrl: urlOf(bus, 'bus-console'),
      files: defaultFiles(ROOT),
    });
    const changed = graphs.filter((graph) => graph.outcome !== 'unchanged').map((graph) => graph.eventType);
    return changed.length > 0
      ? `Operations applied: ${changed.join(', ')}`
      : 'Operations are as the files say';
  });
  terminal.line(
    colours.bold(`Omnibus is ready, on ${bus.broker}, in ${seconds(performance.now() - startedAt)}`),
  );
  if (options.demo) await demo(bus, terminal, signal);
  if (options.demo && options.exitAfterDemo) return;
  for (const line of signpost(bus)) terminal.line(line);
  await ended(signal);
}

async function demo(bus: LocalBus, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const address = { host: '127.0.0.1', port: bus.app('bus-producer').rpcPort as number };
  const publisher = new RpcEventPublisher(address);
  const control = new RpcEventControl(address);
  try {
    await tellStory({
      publisher,
      control,
      stopCoupons: () => bus.stopApp('coupons'),
      startCoupons: () => bus.startApp('coupons', signal),
      readEffects: (order) => readEffects(bus.databaseUrl, order),
      print: (line) => terminal.line(line),
      signal,
    });
  } finally {
    publisher.close();
    control.close();
  }
}

/** The message, and each fault where the bus names several. */
function explain(error: unknown): string {
  const faults =
    error instanceof BusError ? error.faults.map(({ path, message }) => `  ${path}: ${message}`) : [];
  return [error instanceof Error ? error.message : String(error), ...faults].join('\n');
}

/** Where to go from here. */
function signpost(bus: LocalBus): string[] {
  const [producer, console, consumer] = [
    urlOf(bus, 'bus-producer'),
    urlOf(bus, 'bus-console'),
    urlOf(bus, 'bus-consumer'),
  ];
  const example = `{"type":"order.paid","source":"me","payload":{"orderId":"1","userId":"u1","amountCents":9900}}`;
  return [
    '',
    colours.bold('  Where to go from here'),
    `  publish an event    curl ${producer}/v1/events -H 'content-type: application/json' -d '${example}'`,
    `  API                 ${producer}/docs`,
    `  admin API           ${console}/docs`,
    `  metrics             ${consumer}/metrics ${colours.dim('(and /metrics of every app)')}`,
    `  what is configured  npm run bus -- operations list`,
    `  database            ${bus.databaseUrl}`,
    '',
    colours.dim('  Ctrl-C stops everything. Data stays in .data/.'),
  ];
}

function urlOf(bus: LocalBus, app: string): string {
  return `http://127.0.0.1:${bus.app(app).httpPort}`;
}

/** The first signal ends everything in order, the second one at once. */
function stopOnSignals(bus: LocalBus, terminal: Terminal): AbortController {
  const stopping = new AbortController();
  const onSignal = (): void => {
    if (stopping.signal.aborted) {
      bus.kill();
      terminal.status('');
      process.exit(AFTER_SIGINT);
    }
    stopping.abort(new Stopped('stopped'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  if (process.env['npm_lifecycle_event']) onParentGone(() => stopping.abort(new Stopped('stopped')));
  return stopping;
}

/** npm passes no signal on: `kill <npm>` would leave all of this running. Its end shows in the parent's id. */
function onParentGone(stop: () => void): void {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, LOOK_FOR_PARENT_EVERY_MS);
  watch.unref();
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else void main(options).finally(() => process.exit());
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
