import { readFileSync } from 'node:fs';
import type { Drained, Ready, Request, Steadied } from '../rig/contender-process';
import { benchEvent, OPERATIONS, TYPE } from './bench-events';
import { BusInProcess } from './bus-in-process';
import { EndedExecutions } from './ended-executions';
import { load, type LoadRequest } from './load';
import { profiled } from './profile';

/** Omnibus as a contender: speaks the same protocol as the peers, and understands more. */
void run().catch(failed);

async function run(): Promise<void> {
  const {
    BENCH_ENDPOINT: endpoint,
    BENCH_OPERATIONS: settings,
    ...env
  } = process.env as Record<string, string>;
  const bus = await BusInProcess.start({ endpoint: endpoint || null, env });
  const given = settings ? (JSON.parse(settings) as Record<string, object>) : {};
  await bus.activate(
    TYPE,
    OPERATIONS.map((name) => ({ name, ...given['*'], ...given[name] })),
  );
  const names = await bus.operationNames();
  const ended = new EndedExecutions(bus.ledger, (id) => names.get(id) ?? String(id));
  const answers = {
    drain: (request: DrainRequest) => drain(bus, ended, request),
    steady: (request: SteadyRequest) => steady(bus, ended, request),
    load: (request: LoadRequest) => load(bus, ended, request),
  };
  process.on('message', (request: Request | LoadRequest) => {
    if (request.kind === 'stop') return void bus.stop().then(() => process.disconnect(), failed);
    answers[request.kind](request as never).then((answer) => process.send?.(answer), failed);
  });
  process.once('disconnect', () => process.exit());
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  process.send?.({ kind: 'ready', settings: {}, versions: { Omnibus: version } } satisfies Ready);
}

type DrainRequest = Extract<Request, { kind: 'drain' }>;
type SteadyRequest = Extract<Request, { kind: 'steady' }>;

async function drain(bus: BusInProcess, ended: EndedExecutions, request: DrainRequest): Promise<Drained> {
  const { events, batch, firstId, repeats = false } = request;
  const work = async (): Promise<Drained> => {
    ended.reset(false);
    const before = await storedResults(bus);
    const startedMs = performance.now();
    for (let from = 0; from < events; from += batch) {
      const size = Math.min(batch, events - from);
      await bus.publishBatch(Array.from({ length: size }, (_, at) => benchEvent(firstId + from + at)));
    }
    if (repeats) await bus.allRead();
    else await ended.until(OPERATIONS, events);
    const ms = performance.now() - startedMs;
    return { kind: 'drained', ms, results: (await storedResults(bus)) - before };
  };
  if (!request.profile) return work();
  const { value, profile } = await profiled(work);
  return { ...value, profile };
}

async function steady(bus: BusInProcess, ended: EndedExecutions, request: SteadyRequest): Promise<Steadied> {
  const { perSecond, seconds, firstId } = request;
  const events = perSecond * seconds;
  const { latenciesMs } = await load(bus, ended, {
    kind: 'load',
    events,
    firstId,
    keys: 'spread',
    perSecond,
    awaited: OPERATIONS,
    keepsLatencies: true,
  });
  return { kind: 'steadied', latenciesMs };
}

async function storedResults(bus: BusInProcess): Promise<number> {
  const { rows } = await bus.pool.query<{ count: string }>(
    'select sum(1 + coalesce(cardinality(other_operation_ids), 0)) as count from bus.attempt_group where outcome = 0',
  );
  return Number(rows[0]?.count);
}

function failed(error: Error): void {
  process.send?.({ kind: 'failed', message: error.stack ?? error.message });
}
