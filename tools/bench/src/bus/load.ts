import type { PublishRequest } from '@bus/contracts';
import { onSchedule } from '../measure/on-schedule';
import { percentile } from '../measure/statistics';
import { benchEvent, OPERATIONS } from './bench-events';
import type { BusInProcess } from './bus-in-process';
import type { EndedExecutions } from './ended-executions';

/** Which keys the events have. */
export type Keys = 'spread' | 'hot' | 'zipf';

/** Events for the bus, beyond what the peers can be asked. */
export interface LoadRequest {
  kind: 'load';
  events: number;
  firstId: number;
  keys: Keys;
  /** Open loop, one by one at their instants; `null`: in batches of 500, as fast as they are taken. */
  perSecond: number | null;
  /** Operations whose ends are waited for. */
  awaited: readonly string[];
  /** Default 0: all at once. */
  delayMs?: number;
  /** So many events more, in batches, at the start; their ends are waited for, too, and not told. Default 0. */
  backlog?: number;
  /** Every event's latency is in the answer. Default false. */
  keepsLatencies?: boolean;
}

/** Of a group of events, or of an operation. */
export interface Ends {
  events: number;
  /** From the load's start to the last end. */
  lastMs: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface Loaded {
  kind: 'loaded';
  ms: number;
  /** From publish to the last of the awaited operations' ends: by key group. */
  groups: Record<string, Ends>;
  /** The same by operation, all groups. */
  operations: Record<string, Ends>;
  /** Attempts that were closed meanwhile. */
  attempts: number;
  /** Of all awaited operations, event by event; empty where nobody asked. */
  latenciesMs: number[];
}

const BATCH = 500;
const BACKLOG_FIRST_ID = 1_000_000_000;
const HOT_SHARE = 5;
/** @see https://en.wikipedia.org/wiki/Zipf%27s_law */
const ZIPF_EXPONENT = 1.1;
const ZIPF_KEYS = 1_000;

interface Published {
  eventId: string;
  dueMs: number;
  group: string;
}

/** Publishes as the request wants, waits for the ends, and tells how long each took. */
export async function load(bus: BusInProcess, ended: EndedExecutions, request: LoadRequest): Promise<Loaded> {
  ended.reset();
  const startedMs = performance.now();
  const keyOf = keysOf(request.keys);
  const event = (n: number): [PublishRequest, string] => {
    const { key, group } = keyOf(n);
    const delayMs = request.delayMs ?? 0;
    return [benchEvent(request.firstId + n, { key, ...(delayMs > 0 ? { delayMs } : {}) }), group];
  };
  const backlog = request.backlog ?? 0;
  const before = inBatches(bus, backlog, (n) => [benchEvent(BACKLOG_FIRST_ID + request.firstId + n), '']);
  const published =
    request.perSecond === null
      ? await inBatches(bus, request.events, event)
      : await oneByOne(bus, request.events, request.perSecond, event);
  await before;
  await ended.until(request.awaited, request.events + backlog);
  const ms = performance.now() - startedMs;
  const lastEnd = (eventId: string, operations: readonly string[]) =>
    Math.max(...operations.map((operation) => ended.endMs(eventId, operation)));
  const of = (events: readonly Published[], operations: readonly string[]): Ends => {
    const ends = events.map(({ eventId, dueMs }) => ({
      dueMs,
      endMs: lastEnd(eventId, operations),
    }));
    const latencies = ends.map(({ dueMs, endMs }) => endMs - dueMs).filter(Number.isFinite);
    return {
      events: events.length,
      lastMs: largest(ends.map(({ endMs }) => endMs).filter(Number.isFinite)) - startedMs,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: largest(latencies),
    };
  };
  const groups = [...new Set(published.map(({ group }) => group))];
  return {
    kind: 'loaded',
    ms,
    groups: Object.fromEntries(
      groups.map((name) => [
        name,
        of(
          published.filter(({ group }) => group === name),
          request.awaited,
        ),
      ]),
    ),
    operations: Object.fromEntries(OPERATIONS.map((name) => [name, of(published, [name])])),
    attempts: ended.closedAttempts,
    latenciesMs: request.keepsLatencies
      ? published.map(({ eventId, dueMs }) => lastEnd(eventId, request.awaited) - dueMs)
      : [],
  };
}

async function inBatches(
  bus: BusInProcess,
  count: number,
  event: (n: number) => [PublishRequest, string],
): Promise<Published[]> {
  const published: Published[] = [];
  for (let from = 0; from < count; from += BATCH) {
    const events = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) => event(from + at));
    const dueMs = performance.now();
    const ids = await bus.publishBatch(events.map(([request]) => request));
    ids.forEach((eventId, at) => published.push({ eventId, dueMs, group: events[at]?.[1] ?? '' }));
  }
  return published;
}

function oneByOne(
  bus: BusInProcess,
  count: number,
  perSecond: number,
  event: (n: number) => [PublishRequest, string],
): Promise<Published[]> {
  return onSchedule(count, perSecond, async (n, dueMs) => {
    const [request, group] = event(n);
    const { eventId } = await bus.publisher.publish(request);
    return { eventId, dueMs, group };
  });
}

/** The same number always gets the same key. */
function keysOf(keys: Keys): (n: number) => { key: string; group: string } {
  const spread = (n: number) => ({ key: `user-${n % 1000}`, group: 'others' });
  if (keys === 'spread') return spread;
  if (keys === 'hot') return (n) => (n % HOT_SHARE === 0 ? { key: 'hot', group: 'hot' } : spread(n));
  const weights = Array.from({ length: ZIPF_KEYS }, (_, rank) => 1 / (rank + 1) ** ZIPF_EXPONENT);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return (n) => {
    // Weyl's sequence instead of chance: evenly spread, and the same in every run.
    let left = ((n * 0.618_033_988_749_895) % 1) * total;
    const rank = weights.findIndex((weight) => (left -= weight) <= 0);
    return { key: `zipf-${rank}`, group: rank === 0 ? 'hot' : 'others' };
  };
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), -Infinity);
}
