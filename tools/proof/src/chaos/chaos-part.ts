import { setMaxListeners } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { PartResult, ProofBroker, Violation } from '../layer';
import { checkEvidence } from '../checker/check-evidence';
import type { Evidence } from '../checker/evidence';
import { histogramOf } from '../checker/histogram';
import { SeededRandom } from '../random';
import { openStage } from '../stage/open-stage';
import type { Stage } from '../stage/stage';
import { BusCallers } from './bus-callers';
import { recordClaims } from './claim-record';
import { collectEvidence } from './collect-evidence';
import { failOver } from './fail-over';
import { planFaults, type FaultCounts } from './fault-plan';
import { activateGraphs } from './graphs';
import { History } from './history';
import { stageLogEnds } from './log-extent';
import {
  lateRecoveries,
  measureRecoveries,
  recoveryHistograms,
  recoveryNotes,
  type Recovery,
} from './measured-recovery';
import { Nemesis } from './nemesis';
import { People } from './people';
import { planEvents } from './planned-events';
import { PublishWorkload } from './publish-workload';
import { ResourceWatch } from './resource-watch';
import { waitHealed, type Backlog } from './wait-healed';
import { watchExits } from './watch-exits';

export interface ChaosPlan {
  part: string;
  broker: ProofBroker;
  seed: number;
  /** Of four operations each; some of other types come on top. */
  events: number;
  /** Over which they are published and the faults happen. */
  spanMs: number;
  faults: FaultCounts;
  /** PostgreSQL is put back to a copy of its data taken mid-run. */
  failover: boolean;
  /** A recovery beyond twice its limit is a violation. */
  judgesTimes: boolean;
  /** What repeats it. */
  repeat: string;
  /** For plants: CommonJS files, absolute, that every app loads first. */
  preloads?: readonly string[];
}

export interface ChaosSurroundings {
  /** Absolute. */
  workDir: string;
  signal: AbortSignal;
  progress(text: string): void;
}

const STAGE = { producers: 2, consumers: 3, services: 4 };
const CLOCKS: Record<string, [offsetMs: number, driftPpm: number]> = {
  'producer-1': [300_000, 200],
  'producer-2': [-300_000, -200],
  'consumer-1': [-300_000, 500],
  'consumer-2': [300_000, -500],
};
const READY_WITHIN_MS = 180_000;
const HEAL_WITHIN_MS = { judged: 120_000, told: 400_000 }; // alone, beside other layers
/** Of two readings of one clock by two statements, and of milliseconds that were cut. */
const CLOCK_ERROR_MS = 20;
const RSS_LIMIT_MB = 256;
/** Of all replicas of one app together: pools of 6, the broker's 2, listeners; twice over a restart. */
const CONNECTION_LIMIT = 60;

/** One run of the bus as real processes under load and faults, from nothing to a verdict. */
export async function runChaosPart(plan: ChaosPlan, around: ChaosSurroundings): Promise<PartResult> {
  const startedMs = performance.now();
  mkdirSync(around.workDir, { recursive: true });
  const workDir = mkdtempSync(join(around.workDir, `${plan.part}-`));
  const stage = await openStage({
    ...STAGE,
    broker: plan.broker,
    workDir,
    durable: false,
    links: true,
    signal: around.signal,
    preload: [join(__dirname, '../stage/preload/skewed-clock.cjs'), ...(plan.preloads ?? [])],
    envOf: (name) => {
      const [offsetMs, driftPpm] = CLOCKS[name] ?? [0, 0];
      return { PROOF_CLOCK_OFFSET_MS: String(offsetMs), PROOF_CLOCK_DRIFT_PPM: String(driftPpm) };
    },
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
  rmSync(stage.postgres.dataDir, { recursive: true, force: true }); // may lie elsewhere than in the work directory
  return result;
}

async function runOn(
  stage: Stage,
  plan: ChaosPlan,
  around: ChaosSurroundings,
  workDir: string,
  startedMs: number,
): Promise<PartResult> {
  const { signal } = around;
  const random = new SeededRandom(plan.seed);
  const history = new History(join(workDir, 'history.jsonl'));
  const exits = watchExits(stage, history);
  await recordClaims(stage.pool);
  await activateGraphs(stage);
  const callers = new BusCallers(stage.addresses, history, random.fork('callers'));
  const ends = stageLogEnds(stage);
  const resources = new ResourceWatch(stage);
  const stopping = new AbortController();
  const both = AbortSignal.any([signal, stopping.signal]);
  setMaxListeners(0, both); // every pause of every line listens
  try {
    const events = planEvents(random.fork('events'), plan.events, plan.failover);
    const source = `proof-${plan.part}`;
    const workload = new PublishWorkload(callers, events, {
      source,
      durationMs: plan.spanMs,
      signal: both,
      seed: plan.seed,
    });
    const nemesis = new Nemesis(stage, history, both);
    const people = new People(stage, history, random.fork('people'), both);
    const tell = every(5_000, () =>
      around.progress(
        `${plan.part}: ${workload.accepted} of ${workload.count} events accepted, ${nemesis.timeline.length} faults`,
      ),
    );
    let recoveries: Recovery[] = [];
    const storm = async () => {
      const beganMs = performance.now();
      if (plan.failover) await failOver(stage, nemesis, history, both);
      else recoveries = await measureRecoveries(stage, nemesis, ends, random.fork('measured').int(100), both);
      const leftMs = Math.max(plan.spanMs / 2, plan.spanMs - (performance.now() - beganMs));
      await Promise.all([
        nemesis.run(planFaults(random.fork('faults'), plan.broker, plan.faults, leftMs)),
        plan.failover ? undefined : people.run(leftMs, 2),
      ]);
    };
    const withinMs = HEAL_WITHIN_MS[plan.judgesTimes ? 'judged' : 'told'];
    const healed = () => waitHealed(stage, ends, withinMs, signal);
    let healMs = 0;
    let backlog: Backlog;
    try {
      const published = workload.run();
      published.catch(() => undefined); // awaited below
      await storm();
      await nemesis.heal(READY_WITHIN_MS);
      if (!plan.failover) await people.heal();
      await published;
      const healingMs = performance.now();
      backlog = await healed();
      healMs = performance.now() - healingMs;
      if ((await people.replayDead()) > 0) backlog = await healed();
    } finally {
      clearInterval(tell);
      stopping.abort(new Error('this part is over'));
    }
    history.close();
    const evidence = await collectEvidence({
      stage,
      ends,
      historyPath: history.path,
      resources: resources.samples,
      people: people.touched,
      injected: {
        quarantine: {},
        lostCommits: plan.failover,
        clockErrorMs: CLOCK_ERROR_MS,
        rssLimitMb: RSS_LIMIT_MB,
        connectionLimit: CONNECTION_LIMIT,
      },
    });
    const report = checkEvidence(evidence, plan.repeat);
    return {
      part: plan.part,
      durationMs: Math.round(performance.now() - startedMs),
      counts: {
        events: evidence.events.length,
        executions: evidence.executions.length,
        attempts: evidence.attempts.length,
        publishes: evidence.publishes.length,
        cancels: evidence.cancels.length,
        reschedules: evidence.reschedules.length,
        people: people.actions,
        faults: nemesis.timeline.length,
        ...(plan.failover ? { 'lost attempts': lostAttempts(evidence) } : {}),
        ...countsOf(nemesis.timeline.map(({ kind }) => `faults.${kind}`)),
      },
      violations: [
        ...report.violations,
        ...(plan.judgesTimes ? lateRecoveries(recoveries, plan.repeat) : []),
        ...exits.map((detail): Violation => ({ rule: 'R5', detail, repeat: plan.repeat })),
      ],
      invariants: report.invariants,
      histograms: [
        ...report.histograms,
        ...recoveryHistograms(recoveries),
        histogramOf(
          'memory of an app',
          'MB',
          evidence.resources.flatMap(({ rssMb }) => (rssMb > 0 ? [rssMb] : [])),
        ),
      ],
      timeline: nemesis.timeline,
      notes: [
        ...recoveryNotes(recoveries),
        `healed ${(healMs / 1000).toFixed(1)} s after the last fault and answer; left then: ${JSON.stringify(backlog)}`,
      ],
    };
  } finally {
    resources.stop();
    await callers.close();
    await ends.stop();
  }
}

/** Effects whose attempt is not on record any more: what shows that commits were lost. */
function lostAttempts({ attempts, effects }: Evidence): number {
  const known = new Set(attempts.map((row) => `${row.event} ${row.operation} ${row.attempt}`));
  return effects.filter((row) => !known.has(`${row.event} ${row.operation} ${row.attempt}`)).length;
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function every(ms: number, work: () => void): NodeJS.Timeout {
  const timer = setInterval(work, ms);
  timer.unref();
  return timer;
}
