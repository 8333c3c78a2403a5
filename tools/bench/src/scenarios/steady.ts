import type { Hops, HopsRequest } from '../hop-probe/main';
import { interleaved, type Round } from '../measure/rounds';
import { median, percentile } from '../measure/statistics';
import { openWindow } from '../measure/usage-window';
import { BenchDownstream } from '../rig/bench-downstream';
import { BUS, loadPeers, omnibus, type Contender } from '../rig/contenders';
import { startPlainCaller } from '../rig/plain-caller';
import { redisVersion } from '../rig/redis-server';
import type { ContenderProcess } from '../rig/contender-process';
import type { BenchContext, Goal, Row, Scenario } from '../scenario';

const RATES = [200, 1_000, 2_000];
const SECONDS = { quick: 6, full: 20 };
/** As in drain and rpc: V8 goes on compiling that long. Then some seconds one by one, for that is other code. */
const WARM_UP_EVENTS = 10_000;
const WARM_UP_SECONDS = 3;
const WARM_UP_WITHIN_MS = 120_000;
/** Of a closed loop. */
const HOPS = 300;
const PROBE = 'probe: commit, RPC, commit';

interface Latency {
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  cpuCores: number;
  /** Of the probe alone. */
  hops?: { atPace: Hops; atOnce: Hops };
}

/** Events one by one at a fixed rate, whatever comes of the ones before; the probe on the same schedule. */
export const steady: Scenario = {
  name: 'steady',
  title:
    'from the instant an event is due to be published until the last of its 4 results is durable, open loop',
  quick: true,
  async run(context) {
    const { quick, progress } = context;
    const rates = quick ? RATES.slice(0, 1) : RATES;
    const name = (perSecond: number) => `${BUS} over Nest TCP, ${perSecond}/s`;
    const peers = quick
      ? []
      : loadPeers(progress).filter(
          ({ steady: can, store }) => can && (store === 'postgres' || redisVersion() !== null),
        );
    const { rounds, rejectedWindows, noisy } = await interleaved<Latency>(context, [
      { name: PROBE, run: () => probe(context) },
      ...rates.map((perSecond) => ({ name: name(perSecond), run: () => bus(context, perSecond) })),
      ...peers.map((peer) => ({ name: `${peer.name}, 200/s`, run: () => peerRound(context, peer) })),
    ]);
    const of = (variant: string, read: (latency: Latency) => number) =>
      median((rounds.get(variant) ?? []).map(({ figures }) => read(figures)));
    const hop = (pace: 'atPace' | 'atOnce', name: 'commitMs' | 'rpcMs' | 'secondCommitMs') =>
      of(PROBE, ({ hops }) => hops?.[pace][name] ?? NaN);
    const hopsMs = (pace: 'atPace' | 'atOnce') => of(PROBE, ({ hops }) => (hops ? sumOf(hops[pace]) : NaN));
    const p50Ms = of(name(200), (latency) => latency.p50Ms);
    const rows = [...rounds].map(([variant, found]) => rowOf(variant, found));
    const goals: Goal[] = [
      {
        id: 'P5',
        text: 'p50 at 200/s ÷ sum of raw hops (commit, RPC, commit) at 200/s',
        figure: p50Ms / hopsMs('atPace'),
        sense: 'at most',
        goal: 2.5,
      },
      {
        id: 'P5',
        text: 'p99 at 200/s ÷ p99 of the open-loop probe',
        figure: of(name(200), (latency) => latency.p99Ms) / of(PROBE, (latency) => latency.p99Ms),
        sense: 'at most',
        goal: 3,
      },
    ];
    if (!quick)
      goals.push({
        id: 'P6',
        text: 'p50 at 1,000/s ÷ p50 at 200/s',
        figure: of(name(1_000), (latency) => latency.p50Ms) / p50Ms,
        sense: 'at most',
        goal: 2,
      });
    const categories = rows.map(({ variant }) => variant);
    return {
      name: 'steady',
      title: steady.title,
      rows,
      goals,
      plots: [
        {
          kind: 'bars',
          title: 'Latency, open loop',
          unit: 'ms',
          logarithmic: true,
          categories,
          series: [
            { name: 'p50', values: categories.map((variant) => of(variant, (latency) => latency.p50Ms)) },
            { name: 'p99', values: categories.map((variant) => of(variant, (latency) => latency.p99Ms)) },
          ],
        },
      ],
      rejectedWindows,
      notes: [
        `Raw hops at 200/s: commit ${hop('atPace', 'commitMs').toFixed(2)} ms, RPC ${hop('atPace', 'rpcMs').toFixed(2)} ms, ` +
          `commit ${hop('atPace', 'secondCommitMs').toFixed(2)} ms. The bus makes one commit more: the log's.`,
        `The same hops one right after another, where nothing cools down in between: ` +
          `${hop('atOnce', 'commitMs').toFixed(2)}, ${hop('atOnce', 'rpcMs').toFixed(2)} and ${hop('atOnce', 'secondCommitMs').toFixed(2)} ms; ` +
          `the p50 at 200/s is ${(p50Ms / hopsMs('atOnce')).toFixed(2)} times their sum.`,
        ...noisy,
      ],
    };
  },
};

async function probe({ arena, quick }: BenchContext): Promise<Round<Latency>> {
  const database = await arena.freshDatabase();
  const service = await BenchDownstream.start(arena);
  const hopProbe = await startPlainCaller(arena, 'hop-probe', service.rpcPort, database.url);
  try {
    const hops = (count: number, perSecond: number | null) => {
      const ask: HopsRequest = { kind: 'hops', count, perSecond };
      return hopProbe.ask<Hops>(ask, 'hopped', 60_000);
    };
    await hopProbe.steady({ perSecond: 2_000, seconds: WARM_UP_EVENTS / 2_000, firstId: 0 });
    await hops(HOPS, null);
    await arena.checkpoint();
    const close = openWindow({ probe: hopProbe.pid, service: service.pid, store: arena.postgres.pid });
    const atOnce = await hops(HOPS, null);
    const atPace = await hops((200 * secondsOf(quick)) / 2, 200);
    const { latenciesMs } = await hopProbe.steady({ perSecond: 200, seconds: secondsOf(quick), firstId: 0 });
    return { usage: close(), figures: { ...latencyOf(latenciesMs, NaN), hops: { atPace, atOnce } } };
  } finally {
    await hopProbe.stop();
    await service.stop();
    await database.drop();
  }
}

async function bus({ arena, quick }: BenchContext, perSecond: number): Promise<Round<Latency>> {
  const service = await BenchDownstream.start(arena);
  const running = await omnibus.start(arena, { BENCH_ENDPOINT: service.endpoint });
  try {
    await warmUp(running.process, perSecond);
    await arena.checkpoint();
    const close = openWindow({ ...running.roots, service: service.pid });
    const { latenciesMs } = await running.process.steady({
      perSecond,
      seconds: secondsOf(quick),
      firstId: 100_000,
    });
    return roundOf(close(), latenciesMs);
  } finally {
    await running.stop();
    await service.stop();
  }
}

async function peerRound({ arena, quick }: BenchContext, peer: Contender): Promise<Round<Latency>> {
  const running = await peer.start(arena);
  try {
    await warmUp(running.process, 200);
    await arena.checkpoint();
    const close = openWindow(running.roots);
    const { latenciesMs } = await running.process.steady({
      perSecond: 200,
      seconds: secondsOf(quick) / 2,
      firstId: 100_000,
    });
    return roundOf(close(), latenciesMs);
  } finally {
    await running.stop();
  }
}

async function warmUp(contender: ContenderProcess, perSecond: number): Promise<void> {
  await contender.drain({ events: WARM_UP_EVENTS, batch: 500, firstId: 1_000_000 }, WARM_UP_WITHIN_MS);
  await contender.steady({ perSecond, seconds: WARM_UP_SECONDS, firstId: 0 });
}

function sumOf({ commitMs, rpcMs, secondCommitMs }: Hops): number {
  return commitMs + rpcMs + secondCommitMs;
}

function secondsOf(quick: boolean): number {
  return quick ? SECONDS.quick : SECONDS.full;
}

function roundOf(usage: Round<Latency>['usage'], latenciesMs: readonly number[]): Round<Latency> {
  const cpu = Object.values(usage.cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);
  return { usage, figures: latencyOf(latenciesMs, cpu / usage.wallSeconds) };
}

function latencyOf(latenciesMs: readonly number[], cpuCores: number): Latency {
  return {
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    maxMs: Math.max(...latenciesMs),
    cpuCores,
  };
}

function rowOf(variant: string, rounds: Round<Latency>[]): Row {
  const of = (read: (latency: Latency) => number) => rounds.map(({ figures }) => read(figures));
  return {
    variant,
    figures: {
      p50: { unit: 'ms', rounds: of((latency) => latency.p50Ms) },
      p99: { unit: 'ms', rounds: of((latency) => latency.p99Ms) },
      max: { unit: 'ms', rounds: of((latency) => latency.maxMs) },
      CPU: { unit: 'cores', rounds: of((latency) => latency.cpuCores) },
    },
  };
}
