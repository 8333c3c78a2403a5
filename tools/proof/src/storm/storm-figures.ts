import type { EffectFacts, Evidence } from '../checker/evidence';
import type { Stall } from './machine-witness';
import { RATED, STEADY } from './storm-run';

/** Moments of the run, ms of the database's clock. */
export interface StormMoments {
  outageMs: number;
  backMs: number;
  drainedMs: number;
}

const WINDOW_MS = 5_000;
/** So many failures in a row open the breaker of one replica. */
const FAILURES_TO_OPEN = 10;
/** Behind them, what was under way has ended. */
const SETTLED_MS = 1_000;

/** Effects of the rated operation per second: over the whole drain, and in its fullest 5 s. */
export function drainRates(evidence: Evidence, { backMs }: StormMoments): { mean: number; fullest: number } {
  const times = effectsOf(evidence, RATED)
    .map(({ atMs }) => atMs)
    .filter((atMs) => atMs >= backMs)
    .sort((a, b) => a - b);
  if (times.length < 2) return { mean: 0, fullest: 0 };
  let most = 0;
  let first = 0;
  times.forEach((atMs, at) => {
    while (times[first] < atMs - WINDOW_MS) first += 1;
    most = Math.max(most, at - first + 1);
  });
  const spanMs = (times.at(-1) as number) - times[0];
  return { mean: (times.length - 1) / (spanMs / 1000), fullest: most / (WINDOW_MS / 1000) };
}

/**
 * From the publish's call to the effect, in ms, of steady events whose call fell within [from, to).
 * @param stalls events that were under way in one of them are left out
 */
export function steadyLatencies(
  evidence: Evidence,
  begunMs: ReadonlyMap<string, number>,
  { fromMs, toMs }: Stall,
  stalls: readonly Stall[] = [],
): number[] {
  return effectsOf(evidence, STEADY).flatMap(({ event, atMs }) => {
    const begun = begunMs.get(event);
    if (begun === undefined || begun < fromMs || begun >= toMs) return [];
    if (stalls.some((stall) => begun <= stall.toMs && atMs >= stall.fromMs)) return [];
    return [Math.max(0, atMs - begun)];
  });
}

/** More of a window than this is no exception any more, and everything counts. */
const MOST_STALLED = 0.05;

/** Stalls of the machine within a window, as long as they are few: they hide a twentieth of it at most. */
export function excusableStalls(stalls: readonly Stall[], { fromMs, toMs }: Stall): Stall[] {
  const within = stalls.filter((stall) => stall.toMs > fromMs && stall.fromMs < toMs);
  const stalledMs = within.reduce((sum, stall) => sum + stall.toMs - stall.fromMs, 0);
  return stalledMs <= (toMs - fromMs) * MOST_STALLED ? within : [];
}

/**
 * Attempts of the rated operation per second while its service was away, in the second half of the outage and from a
 * second after the breakers have opened: calls that are under way when a replica's breaker opens fail as well, and one
 * replica may come to its first calls long after the other.
 */
export function probesPerSecond(
  evidence: Evidence,
  { outageMs, backMs }: StormMoments,
  replicas: number,
): number {
  const starts = evidence.attempts
    .flatMap(({ operation, startedMs }) => (operation === RATED && startedMs !== null ? [startedMs] : []))
    .filter((startedMs) => startedMs >= outageMs && startedMs < backMs)
    .sort((a, b) => a - b);
  const openedMs = starts.at(FAILURES_TO_OPEN * replicas - 1);
  if (openedMs === undefined || openedMs + SETTLED_MS >= backMs) return 0;
  const fromMs = Math.max(openedMs + SETTLED_MS, (outageMs + backMs) / 2);
  const probes = starts.filter((startedMs) => startedMs >= fromMs).length;
  // A window of t seconds holds t + 1 ticks of a second, for each replica.
  return Math.max(0, probes - replicas) / ((backMs - fromMs) / 1000);
}

function effectsOf(evidence: Evidence, operation: string): EffectFacts[] {
  return evidence.effects.filter((effect) => effect.operation === operation);
}
