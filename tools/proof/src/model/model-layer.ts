import type { Layer, LayerContext, PartResult, Tier, Violation } from '../layer';
import { SeededRandom } from '../random';
import { checkModel } from './check-model';
import { PURE_RULES } from './pure-rules';

const RUNS: Record<Tier, number> = { quick: 100_000, full: 1_000_000, release: 1_000_000 };
/** Runs of one part: some seconds. */
const CHUNK = 10_000;
const RULE_RUNS = 2_000;

export const modelLayer: Layer = {
  name: 'model',
  title:
    'The state machine on the real rules of bus-domain, against a reference that was written apart from them',
  async run(context) {
    const chunks = RUNS[context.tier] / CHUNK;
    const parts: PartResult[] = [];
    const seeds = new SeededRandom(context.seed).fork('model');
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const seed = seeds.int(2 ** 31);
      const part = `model ${chunk + 1} of ${chunks}`;
      parts.push(await keptOr(context, part, () => runChunk(part, seed)));
      context.progress(`model: ${(chunk + 1) * CHUNK} of ${RUNS[context.tier]} runs`);
    }
    parts.push(await keptOr(context, 'pure rules', () => runRules(context.seed)));
    context.progress(`model: ${PURE_RULES.length} pure rules`);
    return parts;
  },
};

async function keptOr(context: LayerContext, part: string, run: () => PartResult): Promise<PartResult> {
  context.signal.throwIfAborted();
  const kept = context.done.get(part);
  if (kept) return kept;
  // Signals and timers get their turn between two parts.
  await new Promise((next) => setImmediate(next));
  const result = run();
  context.keep(part, result);
  return result;
}

function runChunk(part: string, seed: number): PartResult {
  const begun = performance.now();
  const { runs, steps, moves, failure } = checkModel(seed, CHUNK);
  const violations: Violation[] = failure
    ? [{ rule: 'model', detail: failure, repeat: `checkModel(${seed}, ${CHUNK})` }]
    : [];
  return {
    part,
    durationMs: Math.round(performance.now() - begun),
    counts: { runs, steps, moves },
    violations,
  };
}

function runRules(seed: number): PartResult {
  const begun = performance.now();
  const violations = PURE_RULES.flatMap(({ name, check }): Violation[] => {
    try {
      check(seed, RULE_RUNS);
      return [];
    } catch (error) {
      return [{ rule: name, detail: (error as Error).message, repeat: `--only model --seed ${seed}` }];
    }
  });
  const counts = { rules: PURE_RULES.length, ruleRuns: PURE_RULES.length * RULE_RUNS };
  return { part: 'pure rules', durationMs: Math.round(performance.now() - begun), counts, violations };
}
