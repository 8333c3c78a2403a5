import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { recordClaims } from '../chaos/claim-record';
import { collectEvidence } from '../chaos/collect-evidence';
import { History } from '../chaos/history';
import { stageLogEnds } from '../chaos/log-extent';
import { ResourceWatch } from '../chaos/resource-watch';
import { waitHealed } from '../chaos/wait-healed';
import { checkEvidence } from '../checker/check-evidence';
import { histogramOf } from '../checker/histogram';
import type { PartResult, ProofBroker, Violation } from '../layer';
import { openStage } from '../stage/open-stage';
import type { Stage } from '../stage/stage';
import { MachineWitness } from './machine-witness';
import {
  drainRates,
  excusableStalls,
  probesPerSecond,
  steadyLatencies,
  type StormMoments,
} from './storm-figures';
import { RATED, STEADY, STEADY_TYPE, STORM_TYPE, StormRun } from './storm-run';

export interface StormPlan {
  part: string;
  broker: ProofBroker;
  /** Executions that wait when the service comes back. */
  executions: number;
  ratePerSecond: number;
  /** Of the steady operation, before the storm. */
  calmMs: number;
  /** The service is away at least so long. */
  outageMs: number;
  drainWithinMs: number;
  repeat: string;
}

const CONSUMERS = 2;
const STEADY_EVERY_MS = 50;
const READY_WITHIN_MS = 180_000;
/** R6 of docs/guarantees.md. */
const MOST_OF_RATE = 1.1;
const MOST_OF_P99 = 1.5;
/** A busy machine moves a p99 of some ms by more than half: less than this over it is no finding. */
const P99_NOISE_MS = 150;
const CLOCK_ERROR_MS = 20;

/** An outage of one service, the storm of what it left waiting, and what another operation feels of it. */
export async function runStormPart(
  plan: StormPlan,
  around: { workDir: string; signal: AbortSignal; progress(text: string): void },
): Promise<PartResult> {
  const startedMs = performance.now();
  mkdirSync(around.workDir, { recursive: true });
  const workDir = mkdtempSync(join(around.workDir, `${plan.part}-`));
  const stage = await openStage({
    broker: plan.broker,
    workDir,
    durable: false,
    producers: 1,
    consumers: CONSUMERS,
    services: 2,
    links: false,
    signal: around.signal,
    progress: (text) => around.progress(`${plan.part}: ${text}`),
  });
  let result: PartResult;
  try {
    result = await runOn(stage, plan, around, workDir, startedMs);
  } finally {
    await stage.close();
  }
  if (result.violations.length === 0) rmSync(workDir, { recursive: true, force: true });
  else result.notes?.push(`history and logs: ${workDir}`);
  rmSync(stage.postgres.dataDir, { recursive: true, force: true });
  return result;
}

async function runOn(
  stage: Stage,
  plan: StormPlan,
  { signal, progress }: { signal: AbortSignal; progress(text: string): void },
  workDir: string,
  startedMs: number,
): Promise<PartResult> {
  const history = new History(join(workDir, 'history.jsonl'));
  const ends = stageLogEnds(stage);
  const resources = new ResourceWatch(stage);
  const over = new AbortController();
  setMaxListeners(0, over.signal);
  await recordClaims(stage.pool);
  const [away, steady] = stage.endpoints as [string, string];
  await stage.activate(STORM_TYPE, [{ name: RATED, endpoint: away, ratePerSecond: plan.ratePerSecond }]);
  await stage.activate(STEADY_TYPE, [{ name: STEADY, endpoint: steady }]);
  const run = new StormRun(stage, history, signal);
  const witness = new MachineWitness(stage.effects);
  try {
    const [service] = stage.services;
    if (!service) throw new Error('the storm needs a service');
    const publishing = run.publishSteadily(STEADY_EVERY_MS, over.signal);
    publishing.catch(() => undefined); // awaited below
    await pause(plan.calmMs, undefined, { signal });
    service.restartAutomatically = false;
    service.kill('SIGKILL');
    const outageMs = Date.now();
    progress(`${plan.part}: the service is away`);
    await run.publishStorm(plan.executions);
    await pause(Math.max(0, outageMs + plan.outageMs - Date.now()), undefined, { signal });
    service.restartAutomatically = true;
    service.start();
    await service.ready(READY_WITHIN_MS, signal);
    const backMs = Date.now();
    const waiting = await count(stage, `select count(*)::int as count from bus.due`);
    progress(`${plan.part}: the service is back, ${waiting} executions wait`);
    const drained = await untilDrained(stage, plan, signal, progress);
    const moments: StormMoments = { outageMs, backMs, drainedMs: Date.now() };
    over.abort();
    await publishing;
    await waitHealed(stage, ends, plan.drainWithinMs, signal);
    history.close();
    const evidence = await collectEvidence({
      stage,
      ends,
      historyPath: history.path,
      resources: resources.samples,
      people: [],
      injected: {
        quarantine: {},
        lostCommits: false,
        clockErrorMs: CLOCK_ERROR_MS,
        rssLimitMb: 256,
        connectionLimit: 60,
      },
    });
    const report = checkEvidence(evidence, plan.repeat);
    const begun = begunOf(history.path);
    const before = histogramOf(
      `${STEADY}, before`,
      'ms',
      steadyLatencies(evidence, begun, { fromMs: 0, toMs: outageMs }),
    );
    const drain = { fromMs: backMs, toMs: moments.drainedMs };
    const stalls = excusableStalls(witness.stalls, drain);
    const during = histogramOf(
      `${STEADY}, while the storm drains`,
      'ms',
      steadyLatencies(evidence, begun, drain, stalls),
    );
    const rates = drainRates(evidence, moments);
    const probes = probesPerSecond(evidence, moments, CONSUMERS);
    const violations: Violation[] = [...report.violations];
    const expect = (holds: boolean, detail: string) => {
      if (!holds) violations.push({ rule: 'R6', detail, repeat: plan.repeat });
    };
    const most = plan.ratePerSecond * MOST_OF_RATE;
    expect(drained, `the storm was not drained within ${plan.drainWithinMs / 1000} s`);
    expect(rates.mean <= most, `drained at ${rates.mean.toFixed(0)}/s, the rate is ${plan.ratePerSecond}/s`);
    // One window may begin with a full bucket of half a second.
    expect(
      rates.fullest <= most + plan.ratePerSecond / 10,
      `${rates.fullest.toFixed(0)}/s in the fullest 5 s, the rate is ${plan.ratePerSecond}/s`,
    );
    expect(
      during.p99 <= Math.max(before.p99 * MOST_OF_P99, before.p99 + P99_NOISE_MS),
      `the p99 of another operation went from ${before.p99} ms to ${during.p99} ms`,
    );
    expect(probes <= CONSUMERS, `${probes.toFixed(2)} attempts per second while the service was away`);
    return {
      part: plan.part,
      durationMs: Math.round(performance.now() - startedMs),
      counts: { events: evidence.events.length, storm: plan.executions, waiting },
      violations,
      invariants: report.invariants,
      histograms: [before, during, ...report.histograms],
      timeline: [],
      notes: [
        `${waiting} executions waited after an outage of ${((backMs - outageMs) / 1000).toFixed(0)} s ` +
          '(all due then: a longer one adds no row and no wait)',
        `drained in ${((moments.drainedMs - backMs) / 1000).toFixed(1)} s at ${rates.mean.toFixed(0)}/s, ` +
          `${rates.fullest.toFixed(0)}/s in the fullest 5 s; the rate is ${plan.ratePerSecond}/s`,
        `another operation's p99: ${before.p99} ms before, ${during.p99} ms meanwhile; the machine stood still ` +
          `${stalls.length} times, ${stalls.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)} ms, whose events are left out`,
        `${probes.toFixed(2)} attempts per second over ${CONSUMERS} replicas while the service was away`,
      ],
    };
  } finally {
    over.abort();
    await witness.stop();
    resources.stop();
    run.close();
    await ends.stop();
  }
}

async function untilDrained(
  stage: Stage,
  plan: StormPlan,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<boolean> {
  const untilMs = performance.now() + plan.drainWithinMs;
  let saidMs = 0;
  while (performance.now() < untilMs) {
    const done = await count(
      stage,
      `select count(*)::int as count from proof.effects where operation = '${RATED}'`,
      true,
    );
    if (done >= plan.executions) return true;
    if (performance.now() - saidMs > 5_000) {
      saidMs = performance.now();
      progress(`${plan.part}: ${done} of ${plan.executions} drained`);
    }
    await pause(200, undefined, { signal });
  }
  return false;
}

async function count(stage: Stage, query: string, ofEffects = false): Promise<number> {
  const { rows } = await (ofEffects ? stage.effects : stage.pool).query<{ count: number }>(query);
  return rows[0]?.count ?? 0;
}

/** When each event's first call was begun. */
function begunOf(historyPath: string): Map<string, number> {
  const begun = new Map<string, number>();
  for (const line of readFileSync(historyPath, 'utf8').split('\n')) {
    if (line === '') continue;
    const { is, event, atMs } = JSON.parse(line) as { is: string; event: string; atMs: number };
    if (is === 'invoke' && !begun.has(event)) begun.set(event, atMs);
  }
  return begun;
}
