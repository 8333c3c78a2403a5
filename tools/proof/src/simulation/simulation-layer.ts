import type { Layer, LayerContext, PartResult, Tier } from '../layer';
import { KEPT_SEEDS } from './kept-seed';
import type { SeedChunk } from './seed-chunk';
import { runInWorkers } from './seed-workers';

const SEEDS: Record<Tier, number> = { quick: 2000, full: 100_000, release: 100_000 };
const CHUNK: Record<Tier, number> = { quick: 100, full: 500, release: 500 };
const TELL_EVERY = 100;

/** T1: whole worlds on virtual time, one from each seed. */
export const simulationLayer: Layer = {
  name: 'simulation',
  title: 'three real consumers around a simulated broker, network, store and services, on virtual time',

  async run(context: LayerContext): Promise<PartResult[]> {
    const chunks = planChunks(context.tier, context.seed);
    const parts = chunks.flatMap(({ part }) => context.done.get(part) ?? []);
    const left = chunks.filter(({ part }) => !context.done.has(part));
    const total = left.reduce((sum, { seeds }) => sum + seeds.length, 0);
    let seeds = 0;
    let violations = 0;
    await runInWorkers(
      left,
      {
        seed: (found) => {
          seeds++;
          violations += found;
          if (seeds % TELL_EVERY === 0 || seeds === total)
            context.progress(`${seeds} of ${total} seeds, ${violations} violations`);
        },
        chunk: (result) => {
          parts.push(result);
          context.keep(result.part, result);
          for (const { rule, detail, repeat } of result.violations.slice(0, 3))
            context.progress(`${rule}: ${detail}\n  ${repeat}`);
        },
      },
      context.signal,
    );
    return parts;
  },
};

/** Seed i of a run is its base + i, so that a run with the seed of a failure begins with it. Kept seeds come with it. */
function planChunks(tier: Tier, base: number): SeedChunk[] {
  const chunks: SeedChunk[] = [];
  for (let from = 0; from < SEEDS[tier]; from += CHUNK[tier]) {
    const count = Math.min(CHUNK[tier], SEEDS[tier] - from);
    const seeds = Array.from({ length: count }, (_, index) => base + from + index);
    chunks.push({ part: `seeds ${from}–${from + count - 1}`, seeds });
  }
  const kept = KEPT_SEEDS.map(({ seed }) => seed);
  return kept.length > 0 ? [{ part: 'kept seeds', seeds: kept }, ...chunks] : chunks;
}
