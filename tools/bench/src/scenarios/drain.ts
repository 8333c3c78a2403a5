import { median } from '../measure/statistics';
import { interleaved, type Round } from '../measure/rounds';
import { openWindow } from '../measure/usage-window';
import { BUS, loadPeers, omnibus, type Contender } from '../rig/contenders';
import { redisVersion } from '../rig/redis-server';
import type { BenchContext, Goal, Row, Scenario, ScenarioResult } from '../scenario';
import { inserts, RAW_INSERTS } from './raw';

const OPERATIONS = 4;
const BATCH = 500;
/** In the quick run, too: in half of them the bus, which takes half a second, hardly leaves its start and its end. */
const EVENTS = 10_000;
const WARM_UP = 10_000;
const WITHIN_MS = 300_000;
/** Left out of `--quick`. */
const FULL_ONLY = ['graphile-worker, defaults', 'graphile-worker, tuned, no result kept'];

interface Drain {
  eventsPerSecond: number;
  nodePer10k: number;
  storePer10k: number;
}

/** The bus and all peers: the same events, four no-op operations each, results kept. */
export const drain: Scenario = {
  name: 'drain',
  title:
    'events with 4 no-op operations, given in while they are worked on, until the last result is durable',
  quick: true,
  async run(context) {
    const { quick, arena, progress } = context;
    const peers = loadPeers(progress).filter(({ name }) => !(quick && FULL_ONLY.includes(name)));
    const hasRedis = redisVersion() !== null;
    const contenders = [omnibus, ...peers.filter(({ store }) => store === 'postgres' || hasRedis)];
    const settings = new Map<string, string>();
    const versions: Record<string, string> = {};
    const variants = contenders.map((contender) => ({
      name: contender.name,
      run: () => once(contender, context, settings, versions),
    }));
    const bound = {
      name: RAW_INSERTS,
      run: async () => {
        const { usage, figures } = await inserts(context, 500, 2, quick ? 2 : 4);
        return { usage, figures: { eventsPerSecond: figures.perSecond, nodePer10k: NaN, storePer10k: NaN } };
      },
    };
    const { rounds, rejectedWindows, noisy } = await interleaved<Drain>(context, [...variants, bound]);
    const rows = [...rounds].map(([name, found]) => rowOf(name, settings.get(name) ?? '', found));
    const notes = [
      `${EVENTS} events each; windows with more than 0.3 cores of others' CPU are measured again`,
      'Peers claim every row from a table that any worker may use, and carry priorities and cron; the bus dispatches from memory, since the log gives it its partitions.',
      ...noisy,
    ];
    if (!hasRedis) notes.push('BullMQ was left out: redis-server is not on this machine');
    versions['PostgreSQL'] = await arena.postgresVersion();
    return {
      name: 'drain',
      title: drain.title,
      rows,
      goals: goalsOf(rows),
      plots: plotsOf(rows),
      rejectedWindows,
      notes,
      versions,
    };
  },
};

async function once(
  contender: Contender,
  { arena }: BenchContext,
  settings: Map<string, string>,
  versions: Record<string, string>,
): Promise<Round<Drain>> {
  const running = await contender.start(arena);
  try {
    settings.set(contender.name, contender.settings);
    Object.assign(versions, running.ready.versions);
    await running.process.drain({ events: WARM_UP, batch: BATCH, firstId: 0 }, WITHIN_MS);
    await arena.checkpoint();
    const close = openWindow(running.roots);
    const { ms, results } = await running.process.drain(
      { events: EVENTS, batch: BATCH, firstId: WARM_UP },
      WITHIN_MS,
    );
    const usage = close();
    if (results !== EVENTS * OPERATIONS)
      throw new Error(`${contender.name} kept ${results} results of ${EVENTS * OPERATIONS}`);
    const per10k = (seconds = 0) => (seconds * 10_000) / EVENTS;
    return {
      usage,
      figures: {
        eventsPerSecond: EVENTS / (ms / 1000),
        nodePer10k: per10k(usage.cpuSeconds['node']),
        storePer10k: per10k(usage.cpuSeconds['store']),
      },
    };
  } finally {
    await running.stop();
  }
}

function rowOf(variant: string, settings: string, rounds: Round<Drain>[]): Row {
  const of = (read: (figures: Drain) => number) => rounds.map(({ figures }) => read(figures));
  return {
    variant,
    settings,
    figures: {
      'events/s': { unit: 'events/s', rounds: of((f) => f.eventsPerSecond) },
      'CPU per 10k': { unit: 's', rounds: of((f) => f.nodePer10k + f.storePer10k).filter(Number.isFinite) },
      'Node per 10k': { unit: 's', rounds: of((f) => f.nodePer10k).filter(Number.isFinite) },
      'store per 10k': { unit: 's', rounds: of((f) => f.storePer10k).filter(Number.isFinite) },
    },
  };
}

const P1: readonly [peer: string, goal: number][] = [
  ['graphile-worker, tuned', 8],
  ['graphile-worker, defaults', 18],
  ['graphile-worker, tuned, no result kept', 2.5],
  ['pg-boss, tuned', 2.5],
  ['BullMQ, tuned', 4],
  ['hand-written consumer', 6],
];
const P2: readonly [peer: string, part: number][] = [
  ['graphile-worker, tuned', 6],
  ['pg-boss, tuned', 2.5],
  ['BullMQ, tuned', 4],
];

function goalsOf(rows: readonly Row[]): Goal[] {
  const figure = (name: string, of: string) =>
    median(rows.find(({ variant }) => variant === name)?.figures[of]?.rounds ?? []);
  const has = ([name]: readonly [string, number]) => rows.some(({ variant }) => variant === name);
  return [
    ...P1.filter(has).map(([peer, goal]) => ({
      id: 'P1' as const,
      text: `events/s ÷ ${peer}`,
      figure: figure(BUS, 'events/s') / figure(peer, 'events/s'),
      sense: 'at least' as const,
      goal,
    })),
    ...P2.filter(has).map(([peer, part]) => ({
      id: 'P2' as const,
      text: `CPU per 10,000 events ÷ ${peer}`,
      figure: figure(BUS, 'CPU per 10k') / figure(peer, 'CPU per 10k'),
      sense: 'at most' as const,
      goal: 1 / part,
    })),
    {
      id: 'P3',
      text: 'events/s ÷ raw inserts of 500 rows on 2 connections',
      figure: figure(BUS, 'events/s') / figure(RAW_INSERTS, 'events/s'),
      sense: 'at least',
      goal: 0.12,
    },
  ];
}

function plotsOf(all: readonly Row[]): ScenarioResult['plots'] {
  const rows = all.filter(({ variant }) => variant !== RAW_INSERTS);
  const categories = rows.map(({ variant }) => variant);
  const values = (of: string) => rows.map(({ figures }) => median(figures[of]?.rounds ?? []));
  return [
    {
      kind: 'bars',
      title: 'Events per second, four operations each, results kept',
      unit: 'events/s',
      categories,
      series: [{ name: 'events/s', values: values('events/s') }],
    },
    {
      kind: 'bars',
      title: 'CPU per 10,000 events',
      unit: 's',
      categories,
      series: [
        { name: 'Node', values: values('Node per 10k') },
        { name: 'store', values: values('store per 10k') },
      ],
    },
  ];
}
