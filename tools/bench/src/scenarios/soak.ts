import { RpcEventPublisher } from '@bus/client';
import { setTimeout as pause } from 'node:timers/promises';
import { benchEvent, OPERATIONS } from '../bus/bench-events';
import { median } from '../measure/statistics';
import { BusCluster } from '../rig/bus-cluster';
import type { BenchContext, Lines, Scenario } from '../scenario';
import { rssMb } from './idle';

const MINUTES = 30;
const LOAD = 0.7;
const BATCH = 100;
const PROBE_EVENTS = 10_000;
const SAMPLE_MS = 10_000;
const WARM_UP_SHARE = 1 / 3;
const HOT_TABLES = ['in_flight', 'due', 'waiting', 'lane', 'consumer_offset'];
const MB = 2 ** 20;

interface Sample {
  minute: number;
  completedPerSecond: number;
  rss: Record<string, number>;
  hotTablesMb: number;
}

/** Half an hour at 70 % of what it can: nothing may rise that would end a bus that runs for months. */
export const soak: Scenario = {
  name: 'soak',
  title: `${MINUTES} minutes at ${LOAD * 100} % of the rate just measured: memory, hot tables and throughput over time`,
  quick: false,
  async run(context) {
    const { arena, progress } = context;
    const cluster = await BusCluster.open(arena, { broker: 'postgres', producers: 1, consumers: 1 });
    try {
      const publisher = new RpcEventPublisher({
        host: '127.0.0.1',
        port: cluster.producers[0]?.rpcPort as number,
      });
      const most = await mostPerSecond(cluster, publisher);
      const perSecond = Math.floor(most * LOAD);
      progress(`${Math.round(most)} events/s at most; ${perSecond} for ${MINUTES} minutes`);
      const samples = await watch(context, cluster, publisher, perSecond);
      publisher.close();
      const warm = samples.filter(({ minute }) => minute > MINUTES * WARM_UP_SHARE);
      const apps = Object.keys(samples[0]?.rss ?? {});
      const slope = (read: (sample: Sample) => number) =>
        slopeOf(warm.map((sample) => [sample.minute, read(sample)]));
      const worst = Math.max(...apps.map((app) => slope((sample) => sample.rss[app] ?? NaN)));
      const hotMb = Math.max(...samples.map(({ hotTablesMb }) => hotTablesMb));
      const third = Math.floor(samples.length / 3);
      const rate = (part: readonly Sample[]) =>
        median(part.map(({ completedPerSecond }) => completedPerSecond));
      const drop = 1 - rate(samples.slice(-third)) / rate(samples.slice(0, third));
      const lines: Lines = {
        kind: 'lines',
        title: 'Memory over time',
        unit: 'MB',
        xUnit: 'minute',
        series: apps.map((app) => ({
          name: app,
          points: samples.map(({ minute, rss }) => [minute, rss[app] ?? NaN] as [number, number]),
        })),
      };
      return {
        name: 'soak',
        title: soak.title,
        rows: apps.map((app) => ({
          variant: app,
          figures: {
            'RSS at the end': { unit: 'MB', rounds: [samples.at(-1)?.rss[app] ?? NaN] },
            'RSS slope': { unit: 'MB/min', rounds: [slope((sample) => sample.rss[app] ?? NaN)] },
          },
        })),
        goals: [
          {
            id: 'P14',
            text: 'steepest RSS slope of an app, MB/min',
            figure: worst,
            sense: 'at most',
            goal: 1,
          },
          {
            id: 'P14',
            text: 'largest size of the hot tables, MB',
            figure: hotMb,
            sense: 'at most',
            goal: 50,
          },
          {
            id: 'P14',
            text: 'throughput lost between the first and the last third',
            figure: drop,
            sense: 'at most',
            goal: 0.05,
          },
        ],
        plots: [lines],
        rejectedWindows: 0,
        notes: [`${perSecond} events/s; slopes are of the last two thirds.`],
      };
    } finally {
      await cluster.close();
    }
  },
};

async function mostPerSecond(cluster: BusCluster, publisher: RpcEventPublisher): Promise<number> {
  await publish(publisher, 0, 5_000);
  await cluster.untilCompleted(5_000 * OPERATIONS.length, 120_000);
  const startedMs = performance.now();
  await publish(publisher, 5_000, PROBE_EVENTS);
  await cluster.untilCompleted((5_000 + PROBE_EVENTS) * OPERATIONS.length, 120_000);
  return (PROBE_EVENTS * 1000) / (performance.now() - startedMs);
}

async function publish(publisher: RpcEventPublisher, firstId: number, count: number): Promise<void> {
  for (let from = 0; from < count; from += BATCH)
    await publisher.publishBatch({
      events: Array.from({ length: BATCH }, (_, at) => benchEvent(firstId + from + at)),
    });
}

async function watch(
  { signal, progress }: BenchContext,
  cluster: BusCluster,
  publisher: RpcEventPublisher,
  perSecond: number,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startedMs = performance.now();
  const untilMs = startedMs + MINUTES * 60_000;
  const load = async () => {
    let id = 1_000_000;
    for (let dueMs = startedMs; dueMs < untilMs; dueMs += (BATCH * 1000) / perSecond) {
      signal.throwIfAborted();
      await pause(Math.max(0, dueMs - performance.now()));
      await publish(publisher, (id += BATCH), BATCH);
    }
  };
  const sample = async () => {
    let before = { atMs: startedMs, ended: await attempts(cluster) };
    while (performance.now() < untilMs) {
      await pause(SAMPLE_MS, undefined, { signal });
      const now = { atMs: performance.now(), ended: await attempts(cluster) };
      samples.push({
        minute: (now.atMs - startedMs) / 60_000,
        completedPerSecond: ((now.ended - before.ended) * 1000) / (now.atMs - before.atMs),
        rss: Object.fromEntries(
          [...cluster.producers, ...cluster.consumers].map(({ name, pid }) => [name, rssMb(pid ?? 0)]),
        ),
        hotTablesMb: await hotTablesMb(cluster),
      });
      before = now;
      if (samples.length % 6 === 0)
        progress(`${Math.round(samples.at(-1)?.minute ?? 0)} of ${MINUTES} minutes`);
    }
  };
  await Promise.all([load(), sample()]);
  return samples;
}

/** Rows ever written into the attempts' partitions: without counting them. */
async function attempts(cluster: BusCluster): Promise<number> {
  const { rows } = await cluster.pool.query<{ n: string }>(
    `select coalesce(sum(n_tup_ins), 0) as n from pg_stat_all_tables where schemaname = 'bus' and relname like 'attempt%'`,
  );
  return Number(rows[0]?.n);
}

async function hotTablesMb(cluster: BusCluster): Promise<number> {
  const { rows } = await cluster.pool.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(('bus.' || name)::regclass)) as bytes from unnest($1::text[]) name`,
    [HOT_TABLES],
  );
  return Number(rows[0]?.bytes) / MB;
}

/** Of the least squares line. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))];
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}
