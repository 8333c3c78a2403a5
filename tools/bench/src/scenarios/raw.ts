import { Pool } from 'pg';
import { benchEvent } from '../bus/bench-events';
import { atOnce } from '../measure/at-once';
import { interleaved, type Round } from '../measure/rounds';
import { median, percentile } from '../measure/statistics';
import { openWindow } from '../measure/usage-window';
import { BenchDownstream } from '../rig/bench-downstream';
import { startPlainCaller } from '../rig/plain-caller';
import type { BenchContext, Row, Scenario } from '../scenario';
import type { Called, CallsRequest } from '../stock-caller/main';
import { seededDatabase } from './seeded';

const SECONDS = { quick: 1, full: 4 };
const BATCHES = [1, 100, 500];
const IN_FLIGHT = [1, 32, 256];
const CALLS = { quick: 10_000, full: 20_000 };
/** Its rate is what P3 is judged by. */
export const RAW_INSERTS = 'insert, 500 rows a statement, 2 connections';

interface Raw {
  perSecond: number;
  p50Ms: number;
}

/** What the parts can do without a bus: calibrates the rest. */
export const raw: Scenario = {
  name: 'raw',
  title: 'rows into the bus’s own event table, commits, and stock Nest TCP calls, without a bus',
  quick: true,
  async run(context) {
    const seconds = context.quick ? SECONDS.quick : SECONDS.full;
    const calls = context.quick ? CALLS.quick : CALLS.full;
    const { rounds, rejectedWindows, noisy } = await interleaved<Raw>(context, [
      ...BATCHES.map((rows) => ({
        name: `insert, ${rows} row${rows === 1 ? '' : 's'} a statement, 1 connection`,
        run: () => inserts(context, rows, 1, seconds),
      })),
      { name: RAW_INSERTS, run: () => inserts(context, 500, 2, seconds) },
      ...IN_FLIGHT.map((inFlight) => ({
        name: `stock Nest TCP, ${inFlight} in flight`,
        run: () => stockCalls(context, inFlight, inFlight === 1 ? calls / 5 : calls),
      })),
    ]);
    const rows: Row[] = [...rounds].map(([variant, found]) => ({
      variant,
      figures: {
        'rows or calls/s': { unit: 'per second', rounds: found.map(({ figures }) => figures.perSecond) },
        'p50 of a statement': {
          unit: 'ms',
          rounds: found.map(({ figures }) => figures.p50Ms).filter(Number.isFinite),
        },
      },
    }));
    return {
      name: 'raw',
      title: raw.title,
      rows,
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'Rows or calls per second, without a bus',
          unit: 'per second',
          logarithmic: true,
          categories: rows.map(({ variant }) => variant),
          series: [
            {
              name: 'per second',
              values: rows.map(({ figures }) => median(figures['rows or calls/s']?.rounds ?? [])),
            },
          ],
        },
      ],
      rejectedWindows,
      notes: noisy,
    };
  },
};

/** As the inbox does it: one statement, arrays, no conflict. */
const INSERT = {
  name: 'raw-insert',
  text: `insert into bus.event (event_id, source, message_id, type, key, payload, occurred_at, graph_id, broker_partition, broker_offset)
         select r.event_id, 'raw', r.message_id, 'bench.raw', r.key, r.payload, now(), 1, 0, 0
           from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) as r(event_id, message_id, key, payload)
         on conflict do nothing`,
};

/** Rows a second into the real event table, for so long. */
export async function inserts(
  { arena, progress }: BenchContext,
  rows: number,
  connections: number,
  seconds: number,
): Promise<Round<Raw>> {
  const seeded = await seededDatabase(arena, progress);
  const pool = new Pool({ connectionString: seeded.database.url, max: connections });
  pool.on('error', () => undefined); // the database is dropped under it at the end
  const took: number[] = [];
  let next = 0;
  const one = async () => {
    const ids = Array.from({ length: rows }, () => (next += 1));
    const events = ids.map((id) => benchEvent(id));
    const nowHex = Date.now().toString(16).padStart(12, '0');
    const startedMs = performance.now();
    await pool.query({
      ...INSERT,
      values: [
        ids.map((id) => uuidV7(nowHex, id)),
        events.map(({ messageId }) => messageId),
        events.map(({ key }) => key),
        events.map(({ payload }) => JSON.stringify(payload)),
      ],
    });
    took.push(performance.now() - startedMs);
  };
  try {
    await atOnce(connections, 10 * connections, one);
    took.length = 0;
    await arena.checkpoint();
    const close = openWindow({ store: arena.postgres.pid });
    const untilMs = performance.now() + seconds * 1000;
    const before = next;
    await Promise.all(
      Array.from({ length: connections }, async () => {
        while (performance.now() < untilMs) await one();
      }),
    );
    const usage = close();
    return {
      usage,
      figures: { perSecond: (next - before) / usage.wallSeconds, p50Ms: percentile(took, 0.5) },
    };
  } finally {
    await pool.end();
    await seeded.close();
  }
}

async function stockCalls({ arena }: BenchContext, inFlight: number, count: number): Promise<Round<Raw>> {
  const database = await arena.freshDatabase();
  const service = await BenchDownstream.startStock(arena);
  const caller = await startPlainCaller(arena, 'stock-caller', service.rpcPort, database.url);
  try {
    const ask = (calls: number) =>
      caller.ask<Called, CallsRequest>({ kind: 'calls', count: calls, inFlight }, 'called', 120_000);
    await ask(count / 4);
    const close = openWindow({ caller: caller.pid, service: service.pid });
    const { ms } = await ask(count);
    return {
      usage: close(),
      figures: { perSecond: (count * 1000) / ms, p50Ms: inFlight === 1 ? ms / count : NaN },
    };
  } finally {
    await caller.stop();
    await service.stop();
    await database.drop();
  }
}

/** RFC 9562, 5.7, of a number instead of chance. */
function uuidV7(nowHex: string, id: number): string {
  const tail = id.toString(16).padStart(12, '0');
  return `${nowHex.slice(0, 8)}-${nowHex.slice(8)}-7000-8000-${tail}`;
}
