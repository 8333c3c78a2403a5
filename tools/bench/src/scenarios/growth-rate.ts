import { median } from '../measure/statistics';
import type { Arena, BenchDatabase } from '../rig/arena';
import { omnibus } from '../rig/contenders';

const WITHIN_MS = 300_000;
const EVENTS = 20_000;

/** How the bus drains on a database: events/s and bytes of WAL an event, medians. */
export interface DrainRate {
  eventsPerSecond: number[];
  walBytesPerEvent: number[];
}

let nextId = 10_000_000;

/**
 * Drains several times on the same database, without checkpoints in between: what every page costs once after a
 * checkpoint is paid by the warm-up.
 */
export async function drainRate(
  arena: Arena,
  database: BenchDatabase,
  { rounds, warmUp }: { rounds: number; warmUp: number },
): Promise<DrainRate> {
  const running = await omnibus.start(arena, {}, database);
  const drain = async (events: number) => {
    const firstId = nextId;
    nextId += events;
    return running.process.drain({ events, batch: 500, firstId }, WITHIN_MS);
  };
  const rate: DrainRate = { eventsPerSecond: [], walBytesPerEvent: [] };
  try {
    await drain(warmUp);
    for (let round = 0; round < rounds; round += 1) {
      const before = await arena.walBytes();
      const { ms } = await drain(EVENTS);
      rate.walBytesPerEvent.push(((await arena.walBytes()) - before) / EVENTS);
      rate.eventsPerSecond.push((EVENTS * 1000) / ms);
    }
  } finally {
    await running.stop();
  }
  return rate;
}

export function ratioOf(rate: DrainRate, to: DrainRate, read: (rate: DrainRate) => number[]): number {
  return median(read(rate)) / median(read(to));
}
