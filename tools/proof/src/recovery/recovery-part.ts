import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BusCallers } from '../chaos/bus-callers';
import { activateGraphs } from '../chaos/graphs';
import { History } from '../chaos/history';
import { stageLogEnds } from '../chaos/log-extent';
import {
  lateRecoveries,
  measureRecoveries,
  recoveryHistograms,
  recoverySummary,
  type Recovery,
} from '../chaos/measured-recovery';
import { Nemesis } from '../chaos/nemesis';
import { planEvents } from '../chaos/planned-events';
import { PublishWorkload } from '../chaos/publish-workload';
import type { LayerContext, PartResult, ProofBroker } from '../layer';
import { SeededRandom } from '../random';
import { openStage } from '../stage/open-stage';
import type { Stage } from '../stage/stage';

export interface RecoveryPlan {
  broker: ProofBroker;
  seed: number;
  /** In each: every kind of fault once, another replica in turn. */
  rounds: number;
  /** What repeats it. */
  repeat: string;
}

/** More than every kind of fault takes at its limit; what is left of the load then is not published. */
const ROUND_AT_MOST_MS = 90_000;
/** The load of chaos: its events, lanes, dependencies and people's cancels, at its pace. */
const EVENTS_PER_S = 110;

/** Starts the bus, loads it, and hits one thing at a time. */
export async function runRecoveryPart(plan: RecoveryPlan, context: LayerContext): Promise<PartResult> {
  const startedMs = performance.now();
  mkdirSync(context.workDir, { recursive: true });
  const workDir = mkdtempSync(join(context.workDir, `recovery-${plan.broker}-`));
  const stage = await openStage({
    producers: 2,
    consumers: 3,
    services: 4,
    broker: plan.broker,
    workDir,
    durable: false,
    links: false,
    signal: context.signal,
    progress: (text) => context.progress(`${plan.broker}: ${text}`),
  });
  try {
    const { nemesis, recoveries } = await hit(
      stage,
      plan,
      context,
      new History(join(workDir, 'history.jsonl')),
    );
    const counts: Record<string, number> = { rounds: plan.rounds, faults: nemesis.timeline.length };
    for (const { kind } of nemesis.timeline) counts[`faults.${kind}`] = (counts[`faults.${kind}`] ?? 0) + 1;
    return {
      part: plan.broker,
      durationMs: Math.round(performance.now() - startedMs),
      counts,
      violations: lateRecoveries(recoveries, plan.repeat),
      histograms: recoveryHistograms(recoveries),
      timeline: nemesis.timeline,
      notes: recoverySummary(recoveries).map((line) => `${plan.broker}: ${line}`),
    };
  } finally {
    await stage.close();
    rmSync(workDir, { recursive: true, force: true });
    rmSync(stage.postgres.dataDir, { recursive: true, force: true }); // may lie elsewhere than in the work directory
  }
}

async function hit(
  stage: Stage,
  plan: RecoveryPlan,
  context: LayerContext,
  history: History,
): Promise<{ nemesis: Nemesis; recoveries: Recovery[] }> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  setMaxListeners(0, signal); // every pause of every line listens
  const random = new SeededRandom(plan.seed).fork(plan.broker);
  await activateGraphs(stage);
  const callers = new BusCallers(stage.addresses, history, random.fork('callers'));
  const ends = stageLogEnds(stage);
  const nemesis = new Nemesis(stage, history, signal);
  const durationMs = plan.rounds * ROUND_AT_MOST_MS;
  const events = planEvents(random.fork('events'), (durationMs / 1_000) * EVENTS_PER_S, false);
  const load = { source: 'proof-recovery', durationMs, signal, seed: plan.seed };
  const published = new PublishWorkload(callers, events, load).run();
  published.catch(() => undefined); // ends when it is stopped
  try {
    const recoveries: Recovery[] = [];
    for (let round = 1; round <= plan.rounds; round += 1) {
      const measured = await measureRecoveries(stage, nemesis, ends, round, signal);
      recoveries.push(...measured);
      const figures = measured.map(({ kind, ms }) => `${kind} ${ms === null ? 'not resumed' : `${ms} ms`}`);
      context.progress(`${plan.broker}: round ${round} of ${plan.rounds}: ${figures.join(', ')}`);
    }
    return { nemesis, recoveries };
  } finally {
    stopping.abort(new Error('measured'));
    await callers.close();
    await ends.stop();
    history.close();
  }
}
