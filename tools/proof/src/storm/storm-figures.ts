import type { EffectFacts, Evidence } from '../checker/evidence';
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

/** From the publish's call to the effect, in ms, of steady events whose call fell within [from, to). */
export function steadyLatencies(
  evidence: Evidence,
  begunMs: ReadonlyMap<string, number>,
  fromMs: number,
  toMs: number,
): number[] {
  return effectsOf(evidence, STEADY).flatMap(({ event, atMs }) => {
    const begun = begunMs.get(event);
    return begun !== undefined && begun >= fromMs && begun < toMs ? [Math.max(0, atMs - begun)] : [];
  });
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
