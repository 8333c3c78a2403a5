import { Logger } from '@nestjs/common';
import { checkEvidence, type InvariantVerdict } from '../checker/check-evidence';
import type { Histogram, Violation } from '../layer';
import { gatherEvidence } from './gather-evidence';
import { World, type WorldOptions } from './world';

export interface SeedOutcome {
  seed: number;
  violations: Violation[];
  invariants: InvariantVerdict[];
  histograms: Histogram[];
  /** Of the run: events, attempts, effects, faults by kind. */
  counts: Record<string, number>;
  /** The same seed gives the same one. */
  hash: string;
  /** Where they were asked for. */
  trace: string[];
}

let watched: World | null = null;
let isWatching = false;

/** One world from its seed to the verdict. Not two at a time in one process. */
export async function runSeed(seed: number, options: WorldOptions = {}): Promise<SeedOutcome> {
  Logger.overrideLogger(false);
  watchRejections();
  const world = new World(seed, options);
  watched = world;
  const repeat = `npm run proof -- quick --only simulation --seed ${seed}`;
  let isQuiet: boolean;
  try {
    isQuiet = await world.run();
  } finally {
    watched = null;
  }
  const evidence = gatherEvidence(world);
  const report = checkEvidence(evidence, repeat);
  const violations = [...report.violations];
  if (!isQuiet) violations.push({ rule: 'I11', detail: `not quiet: ${openWork(world)}`, repeat });
  for (const { eventId, operationId, from, to } of world.moves)
    violations.push({ rule: 'I14', detail: `${eventId}/${operationId} went from ${from} to ${to}`, repeat });
  for (const detail of world.crashes) violations.push({ rule: 'crash', detail, repeat });
  const faults = Object.entries(world.faults.counts).map(([kind, count]) => [`faults.${kind}`, count]);
  return {
    ...{ seed, violations, invariants: report.invariants, histograms: report.histograms },
    counts: {
      seeds: 1,
      events: evidence.events.length,
      attempts: evidence.attempts.length,
      effects: evidence.effects.length,
      ...Object.fromEntries(faults),
    },
    hash: world.trace.hash,
    trace: world.trace.lines ?? [],
  };
}

/** A promise that nobody catches would end the process. */
function watchRejections(): void {
  if (isWatching) return;
  isWatching = true;
  process.on('unhandledRejection', (error) => watched?.crashed('a consumer', error));
}

function openWork(world: World): string {
  const { store } = world.parts;
  const { inFlight, due, waiting } = store;
  const of = (rows: Map<string, { attempt: number }>) =>
    [...rows]
      .slice(0, 5)
      .map(([name, { attempt }]) => `${name} (${attempt})`)
      .join(', ');
  return `in flight: ${of(inFlight)}; due: ${of(due)}; waiting: ${of(waiting)}`;
}
