import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Layer, LayerName, PartResult, ProofBroker, Tier } from '../layer';
import type { LayerReport } from '../report/proof-report';
import type { RunState } from './run-state';

export interface RunOptions {
  tier: Tier;
  seed: number;
  broker: ProofBroker | null;
  commit: string;
  layers: readonly Layer[];
  state: RunState;
  /** Absolute; each layer gets a folder in it. */
  workDir: string;
  signal: AbortSignal;
  /** @param text a line for people, with the layer's name in front */
  progress(text: string): void;
}

/**
 * Layers of a lane run one after another, two lanes side by side: one uses processors, the other mostly waits for processes to
 * die and to come back. What measures times runs alone, behind all of them.
 */
const LANES: readonly (readonly LayerName[])[] = [
  ['model', 'simulation', 'races', 'plants', 'hostile'],
  ['chaos', 'crash'],
];

/**
 * Runs all layers, each to its end, whatever the others found.
 * A layer that throws has failed: its report says why, and the next one runs.
 * @returns reports in the order of the layers
 */
export async function runProof(options: RunOptions): Promise<LayerReport[]> {
  const reports = new Map<LayerName, LayerReport>();
  const run = async (layers: readonly Layer[]) => {
    for (const layer of layers) {
      if (options.signal.aborted) return;
      reports.set(layer.name, await runLayer(layer, options));
    }
  };
  await Promise.all(LANES.map((lane) => run(options.layers.filter(({ name }) => lane.includes(name)))));
  await run(options.layers.filter(({ name }) => !LANES.flat().includes(name)));
  return options.layers.flatMap(({ name }) => reports.get(name) ?? []);
}

async function runLayer(layer: Layer, options: RunOptions): Promise<LayerReport> {
  const { tier, seed, broker, commit, state, signal } = options;
  const say = (text: string) => options.progress(`${layer.name.padEnd(10)} ${text}`);
  const missing = layer.cannotRun?.() ?? null;
  const report: LayerReport = {
    layer: layer.name,
    title: layer.title,
    parts: [],
    failure: null,
    skipped: missing,
  };
  if (missing !== null) {
    say(`not run: ${missing}`);
    return report;
  }
  const workDir = join(options.workDir, layer.name);
  mkdirSync(workDir, { recursive: true });
  const startedMs = performance.now();
  say(layer.title);
  try {
    report.parts = await layer.run({
      tier,
      seed,
      broker,
      workDir,
      signal,
      progress: say,
      done: state.of(layer.name),
      keep: (part, result) => state.keep({ layer: layer.name, commit, result: { ...result, part } }),
    });
  } catch (error) {
    // What it had finished is kept; the run has failed all the same.
    report.parts = [...state.of(layer.name).values()];
    report.failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  say(`${verdictOf(report)} in ${Math.round((performance.now() - startedMs) / 1000)} s`);
  return report;
}

function verdictOf({ parts, failure }: { parts: PartResult[]; failure: string | null }): string {
  const violations = parts.reduce((sum, part) => sum + part.violations.length, 0);
  if (failure !== null) return `FAILED: ${failure.split('\n')[0]}`;
  return violations === 0 ? `0 violations in ${parts.length} parts` : `${violations} VIOLATIONS`;
}
