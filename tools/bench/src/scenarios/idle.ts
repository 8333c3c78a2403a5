import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { kafkaAvailable } from '@bus/kafka-dev';
import { openWindow } from '../measure/usage-window';
import { BusCluster } from '../rig/bus-cluster';
import type { BenchContext, Figure, Goal, Row, Scenario } from '../scenario';
import { seededDatabase } from './seeded';

const SETTLE_MS = 20_000;
const WATCH_MS = 60_000;
/** Sessions tell their counters so late at most. */
const STATISTICS_LATE_MS = 10_000;
const WAITING = 1_000_000;
const MOST_RSS_MB = 256;

interface Idle {
  queriesPerSecond: number;
  /** Share of a core. */
  consumerCpu: number;
}

/** A replica that has nothing to do, and what every app holds in memory while a million events wait. */
export const idle: Scenario = {
  name: 'idle',
  title:
    'queries and CPU of an idle bus-consumer over a minute, and the memory of each app with 1 million events waiting',
  quick: false,
  async run(context) {
    const rows: Row[] = [];
    const goals: Goal[] = [];
    const one = (unit: string, value: number): Figure => ({ unit, rounds: [value] });
    for (const broker of ['postgres', 'kafka'] as const) {
      if (broker === 'kafka' && !kafkaAvailable().available) continue;
      const found = await watchIdle(context, broker);
      rows.push({
        variant: `idle, ${broker} broker`,
        figures: {
          'queries/s': one('queries/s', found.queriesPerSecond),
          CPU: one('% of a core', found.consumerCpu * 100),
        },
      });
      goals.push(
        {
          id: 'P13',
          text: `queries/s of an idle replica, ${broker}`,
          figure: found.queriesPerSecond,
          sense: 'at most',
          goal: 2,
        },
        {
          id: 'P13',
          text: `cores of an idle replica, ${broker}`,
          figure: found.consumerCpu,
          sense: 'at most',
          goal: 0.01,
        },
      );
    }
    const memory = await memoryWaiting(context);
    for (const [app, rssMb] of Object.entries(memory)) {
      rows.push({ variant: `${app}, 1 M events waiting`, figures: { RSS: one('MB', rssMb) } });
      goals.push({
        id: 'RSS',
        text: `MB of ${app} with 1 M events waiting`,
        figure: rssMb,
        sense: 'at most',
        goal: MOST_RSS_MB,
      });
    }
    return {
      name: 'idle',
      title: idle.title,
      rows,
      goals,
      plots: [
        {
          kind: 'bars',
          title: 'Memory with 1 million events waiting',
          unit: 'MB',
          categories: Object.keys(memory),
          series: [{ name: 'RSS', values: Object.values(memory) }],
        },
      ],
      rejectedWindows: 0,
      notes: [
        'Queries: transactions of the database by pg_stat_database, less those that it has without a replica (autovacuum, this measurement).',
      ],
    };
  },
};

async function watchIdle({ arena, progress }: BenchContext, broker: 'postgres' | 'kafka'): Promise<Idle> {
  const cluster = await BusCluster.open(arena, { broker, producers: 0, consumers: 1 });
  try {
    await pause(SETTLE_MS);
    progress(`${broker}: one replica at rest for a minute`);
    const before = await transactions(cluster);
    const close = openWindow(cluster.roots);
    await pause(WATCH_MS);
    const usage = close();
    const after = await transactions(cluster);
    await cluster.consumers[0]?.close();
    await pause(STATISTICS_LATE_MS);
    progress(`${broker}: nobody there for half a minute`);
    const alone = await transactions(cluster);
    await pause(WATCH_MS / 2);
    const ofOthers = ((await transactions(cluster)) - alone - 1) / (WATCH_MS / 2_000);
    return {
      queriesPerSecond: (after - before - 1) / usage.wallSeconds - ofOthers,
      consumerCpu: (usage.cpuSeconds['consumer-1'] ?? NaN) / usage.wallSeconds,
    };
  } finally {
    await cluster.close();
  }
}

/** Statements of the bus are transactions of their own but for few. */
async function transactions(cluster: BusCluster): Promise<number> {
  const { rows } = await cluster.pool.query<{ count: string }>(
    `select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`,
  );
  return Number(rows[0]?.count);
}

async function memoryWaiting({ arena, progress }: BenchContext): Promise<Record<string, number>> {
  const seeded = await seededDatabase(arena, progress);
  try {
    await seeded.seed({ state: 'pending', count: WAITING, prefix: 'later' });
    const cluster = await BusCluster.open(arena, {
      broker: 'postgres',
      producers: 1,
      consumers: 1,
      database: seeded.database,
    });
    const admin = await cluster.start('console');
    try {
      progress('1 million events wait: memory after half a minute');
      await pause(30_000);
      const apps = {
        'bus-producer': cluster.producers[0],
        'bus-consumer': cluster.consumers[0],
        'bus-console': admin,
      };
      return Object.fromEntries(Object.entries(apps).map(([name, app]) => [name, rssMb(app?.pid ?? 0)]));
    } finally {
      await admin.close();
      await cluster.close();
    }
  } finally {
    await seeded.close();
  }
}

/** Resident memory (`man 5 proc`). */
export function rssMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
