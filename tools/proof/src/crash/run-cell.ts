import { checkEvidence } from '../checker/check-evidence';
import type { PartResult, Violation } from '../layer';
import { ArmedProcess } from './armed-process';
import { CellEvents } from './cell-events';
import { logEnds, readEvidence, untilQuiet } from './cell-evidence';
import type { CrashCell } from './crash-cell';
import type { CrashPointName } from './crash-points';
import { activations, replays } from './console-scenarios';
import * as scenarios from './crash-scenarios';
import type { Scene } from './crash-scenarios';
import type { CrashStage } from './crash-stage';
import { mirrors } from './mirror-scenario';

const HIT_WITHIN_MS = 240_000;
const QUIET_WITHIN_MS = 120_000;

/** Where nothing is said: orders. */
const SCENARIOS: Partial<Record<CrashPointName, scenarios.Scenario>> = {
  'publish.before-send': scenarios.publishes,
  'publish.after-send': scenarios.publishes,
  'publish.before-answer': scenarios.publishes,
  'claim.before-commit': scenarios.delays,
  'claim.after-commit': scenarios.delays,
  'sweep.before-commit': scenarios.sweeps,
  'sweep.after-commit': scenarios.sweeps,
  'cancel.before-commit': scenarios.cancels,
  'cancel.after-commit': scenarios.cancels,
  'replay.before-commit': replays,
  'activate.before-commit': activations,
  'mirror.after-send': mirrors,
  'kit.before-commit': scenarios.effects,
  'kit.after-commit': scenarios.effects,
  'stop.mid-drain': scenarios.drains,
};

/** One cell from its armed process to the verdict on its events. */
export async function runCell(
  crash: CrashStage,
  cell: CrashCell,
  { dir, signal }: { dir: string; signal: AbortSignal },
): Promise<PartResult> {
  const startedMs = performance.now();
  const { events, found } = await runArmed(crash, cell, dir, signal);
  return {
    part: cell.name,
    durationMs: Math.round(performance.now() - startedMs),
    counts: {
      cells: 1,
      events: events.messageIds.length,
      [`faults.${cell.signal === 'SIGKILL' ? 'kill' : 'stop'}`]: 1,
    },
    ...found,
  };
}

async function runArmed(crash: CrashStage, cell: CrashCell, dir: string, signal: AbortSignal) {
  const events = new CellEvents(cell.name, crash.producerUrl);
  const armed = new ArmedProcess(await processOf(crash, cell), cell, dir);
  const violations: Violation[] = [];
  const violated = (rule: string, detail: string) =>
    violations.push({ rule, detail: `${cell.name}: ${detail}`, repeat: cell.name });
  const isShared = cell.point.role === 'service';
  let recovered: Promise<void> | undefined;
  const scene: Scene = {
    crash,
    armed,
    events,
    signal,
    hit: cell.hit,
    people: [],
    deadlineMs: 0,
    violate: (detail) => violated('crash', detail),
    recover: () => (recovered ??= armed.recover(signal)),
  };
  try {
    await armed.start(signal);
    scene.deadlineMs = performance.now() + HIT_WITHIN_MS;
    await (SCENARIOS[cell.point.name] ?? scenarios.orders)(scene);
    if (armed.reached) await scene.recover();
    else violated('not hit', `the point was not reached by ${events.messageIds.length} events`);
    const upTo = await logEnds(crash);
    const left = await untilQuiet(crash, events, upTo, { withinMs: QUIET_WITHIN_MS, signal });
    if (left !== null) violated('not quiet', left);
    const found = checkEvidence(await readEvidence(crash, events, upTo, scene.people), cell.name);
    return { events, found: { ...found, violations: [...violations, ...found.violations] } };
  } finally {
    if (!isShared) await armed.retire();
  }
}

async function processOf(crash: CrashStage, cell: CrashCell) {
  switch (cell.point.role) {
    case 'producer':
      return crash.newProcess('bus-producer', cell.name);
    case 'console':
      return crash.newProcess('bus-console', cell.name);
    case 'consumer':
      return crash.newProcess('bus-consumer', cell.name);
    case 'service': {
      const service = crash.kitService;
      service.restartAutomatically = false;
      service.kill('SIGTERM');
      await service.ended;
      service.restartAutomatically = true;
      return service;
    }
  }
}
