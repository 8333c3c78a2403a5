import { interleaved, type Round } from '../measure/rounds';
import { median } from '../measure/statistics';
import { openWindow } from '../measure/usage-window';
import { BenchDownstream } from '../rig/bench-downstream';
import type { Drained } from '../rig/contender-process';
import { BUS, omnibus } from '../rig/contenders';
import { startPlainCaller } from '../rig/plain-caller';
import type { BenchContext, Row, Scenario } from '../scenario';
import type { Called, CallsRequest } from '../stock-caller/main';

const OPERATIONS = 4;
/** Of calls, for each variant alike: V8 goes on compiling what is hot for about as many. */
const WARM_UP_CALLS = 40_000;
const WITHIN_MS = 300_000;
const RAW = 'raw ClientTCP, 32 in flight';
const WRITTEN = 'hand-written over stock TCP';
const HANDLER_MS = [0, 5, 20, 200];

interface Calls {
  callsPerSecond: number;
  cpuPer10k: number;
}

/** The bus with its services in another process, beside calls that nobody keeps a ledger of. */
export const rpc: Scenario = {
  name: 'rpc',
  title: 'calls per second over Nest TCP, each one claimed, logged and settled durably',
  quick: true,
  async run(context) {
    const events = context.quick ? 5_000 : 10_000;
    const handlers = context.quick ? [0] : HANDLER_MS;
    const nameOf = (handlerMs: number) => `${BUS}, handlers of ${handlerMs} ms`;
    const { rounds, rejectedWindows, noisy } = await interleaved<Calls>(context, [
      { name: RAW, run: () => raw(context, events * OPERATIONS) },
      ...handlers.map((handlerMs) => ({
        name: nameOf(handlerMs),
        run: () => bus(context, handlerMs, handlerMs >= 20 ? events / 5 : events),
      })),
      { name: WRITTEN, run: () => written(context, events / 5) },
    ]);
    const rows = [...rounds].map(([variant, found]) => rowOf(variant, found));
    const rate = (name: string) =>
      median(rows.find(({ variant }) => variant === name)?.figures['calls/s']?.rounds ?? []);
    return {
      name: 'rpc',
      title: rpc.title,
      rows,
      goals: [
        {
          id: 'P4',
          text: 'calls/s ÷ raw ClientTCP at 32 in flight',
          figure: rate(nameOf(0)) / rate(RAW),
          sense: 'at least',
          goal: 0.35,
        },
        {
          id: 'P4',
          text: 'calls/s ÷ hand-written over stock TCP',
          figure: rate(nameOf(0)) / rate(WRITTEN),
          sense: 'at least',
          goal: 4.5,
        },
      ],
      plots: [
        {
          kind: 'bars',
          title: 'Calls per second over TCP',
          unit: 'calls/s',
          categories: rows.map(({ variant }) => variant),
          series: [{ name: 'calls/s', values: rows.map(({ variant }) => rate(variant)) }],
        },
      ],
      rejectedWindows,
      notes: noisy,
    };
  },
};

async function raw({ arena }: BenchContext, count: number): Promise<Round<Calls>> {
  const database = await arena.freshDatabase();
  const service = await BenchDownstream.startStock(arena);
  const caller = await startPlainCaller(arena, 'stock-caller', service.rpcPort, database.url);
  try {
    const ask = (request: CallsRequest) => caller.ask<Called>(request, 'called', WITHIN_MS);
    await ask({ kind: 'calls', count: WARM_UP_CALLS, inFlight: 32 });
    const close = openWindow({ caller: caller.pid, service: service.pid });
    const { ms } = await ask({ kind: 'calls', count, inFlight: 32 });
    return roundOf(close(), count, ms);
  } finally {
    await caller.stop();
    await service.stop();
    await database.drop();
  }
}

async function written({ arena }: BenchContext, events: number): Promise<Round<Calls>> {
  const database = await arena.freshDatabase();
  const service = await BenchDownstream.startStock(arena);
  const caller = await startPlainCaller(arena, 'stock-caller', service.rpcPort, database.url);
  try {
    await caller.drain({ events: WARM_UP_CALLS / OPERATIONS, batch: 1, firstId: 0 }, WITHIN_MS);
    await arena.checkpoint();
    const close = openWindow({ caller: caller.pid, service: service.pid, store: arena.postgres.pid });
    const drained = await caller.drain({ events, batch: 1, firstId: WARM_UP_CALLS }, WITHIN_MS);
    return counted(close(), events, drained, WRITTEN);
  } finally {
    await caller.stop();
    await service.stop();
    await database.drop();
  }
}

async function bus({ arena }: BenchContext, handlerMs: number, events: number): Promise<Round<Calls>> {
  const service = await BenchDownstream.start(arena, { handlerMs });
  const running = await omnibus.start(arena, { BENCH_ENDPOINT: service.endpoint });
  try {
    const warmUp = handlerMs >= 20 ? events / 5 : WARM_UP_CALLS / OPERATIONS;
    await running.process.drain({ events: warmUp, batch: 500, firstId: 0 }, WITHIN_MS);
    await arena.checkpoint();
    const close = openWindow({ ...running.roots, service: service.pid });
    const drained = await running.process.drain({ events, batch: 500, firstId: WARM_UP_CALLS }, WITHIN_MS);
    return counted(close(), events, drained, BUS);
  } finally {
    await running.stop();
    await service.stop();
  }
}

function counted(usage: Round<Calls>['usage'], events: number, { ms, results }: Drained, name: string) {
  const calls = events * OPERATIONS;
  if (results !== calls) throw new Error(`${name} kept ${results} results of ${calls}`);
  return roundOf(usage, calls, ms);
}

function roundOf(usage: Round<Calls>['usage'], calls: number, ms: number): Round<Calls> {
  const cpu = Object.values(usage.cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  return { usage, figures: { callsPerSecond: (calls * 1000) / ms, cpuPer10k: (cpu * 10_000) / calls } };
}

function rowOf(variant: string, rounds: Round<Calls>[]): Row {
  return {
    variant,
    figures: {
      'calls/s': { unit: 'calls/s', rounds: rounds.map(({ figures }) => figures.callsPerSecond) },
      'CPU per 10k calls': { unit: 's', rounds: rounds.map(({ figures }) => figures.cpuPer10k) },
    },
  };
}
