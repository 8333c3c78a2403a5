import type { LogEnds } from '@bus/broker';
import { histogramOf } from '../checker/histogram';
import type { Histogram, Violation } from '../layer';
import type { Stage } from '../stage/stage';
import type { Nemesis } from './nemesis';
import { untilWorkResumed } from './recovery-watch';

/** From docs/guarantees.md, R5. */
const LIMIT_MS = { 'replica killed': 20_000, 'PostgreSQL crashed': 10_000, 'Kafka restarted': 15_000 };
/** This machine may be busy with other things: a violation only beyond the limit times this. */
const NOISE = 2;
/** The load publishes to every partition within that. All have to be read again: else what one fault makes Kafka wait
 *  for is counted to the next, and a partition without new records shows nothing. */
const REACHES_ALL_PARTITIONS_MS = 1_000;

export type RecoveryKind = keyof typeof LIMIT_MS;

export interface Recovery {
  kind: RecoveryKind;
  /** `null`: not within the limit and its noise. */
  ms: number | null;
}

/** One fault of each kind by itself, under load, and how long the work that it hit took to go on: counted from the
 *  kill of a replica, and from where a server answers again. */
export async function measureRecoveries(
  stage: Stage,
  nemesis: Nemesis,
  ends: LogEnds,
  target: number,
  signal: AbortSignal,
): Promise<Recovery[]> {
  const measured: Recovery[] = [];
  const measure = async (kind: RecoveryKind) => {
    const ms = await untilWorkResumed(stage, ends, LIMIT_MS[kind] * NOISE, signal, REACHES_ALL_PARTITIONS_MS);
    measured.push({ kind, ms });
  };
  const consumer = stage.processes.indexOf(stage.consumers[target % stage.consumers.length] as never);
  const killed = nemesis.inject('kill', consumer, 0);
  await measure('replica killed');
  await killed;
  await nemesis.inject('postgres.kill', 0, 0);
  await measure('PostgreSQL crashed');
  if (stage.kafka) {
    await nemesis.inject('kafka.kill', 0, 0);
    await measure('Kafka restarted');
  }
  return measured;
}

export function lateRecoveries(recoveries: readonly Recovery[], repeat: string): Violation[] {
  return recoveries.flatMap(({ kind, ms }) =>
    ms === null
      ? [
          {
            rule: 'R5',
            detail: `${kind}: work had not resumed ${(LIMIT_MS[kind] * NOISE) / 1000} s later`,
            repeat,
          },
        ]
      : [],
  );
}

export function recoveryNotes(recoveries: readonly Recovery[]): string[] {
  return recoveries.map(({ kind, ms }) => {
    const limit = `limit ${LIMIT_MS[kind] / 1000} s`;
    return ms === null
      ? `${kind}: not resumed (${limit})`
      : `${kind}: work resumed after ${(ms / 1000).toFixed(1)} s (${limit})`;
  });
}

/** One line a kind: how many were within the limit, and the range. */
export function recoverySummary(recoveries: readonly Recovery[]): string[] {
  return kindsOf(recoveries).map((kind) => {
    const all = recoveries.filter((one) => one.kind === kind).map(({ ms }) => ms ?? Infinity);
    const within = all.filter((ms) => ms <= LIMIT_MS[kind]).length;
    const [least, most] = [Math.min(...all), Math.max(...all)].map((ms) => (ms / 1_000).toFixed(1));
    return `${kind}: ${within} of ${all.length} within ${LIMIT_MS[kind] / 1_000} s: ${least} to ${most} s`;
  });
}

export function recoveryHistograms(recoveries: readonly Recovery[]): Histogram[] {
  return kindsOf(recoveries).map((kind) => {
    const all = recoveries.filter((one) => one.kind === kind).flatMap(({ ms }) => (ms === null ? [] : [ms]));
    return histogramOf(`resumed: ${kind}`, 'ms', all);
  });
}

function kindsOf(recoveries: readonly Recovery[]): RecoveryKind[] {
  return [...new Set(recoveries.map(({ kind }) => kind))];
}
