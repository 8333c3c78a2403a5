import type { BenchContext } from '../scenario';
import { MOST_OTHER_CORES, type Usage } from './usage-window';

/** What a round of a variant found. */
export interface Round<F> {
  usage: Usage;
  figures: F;
}

export interface Variant<F> {
  name: string;
  run(round: number): Promise<Round<F>>;
}

/** Windows that others disturbed are measured again, so often. */
const MOST_REPEATS = 2;

/**
 * Rounds of all variants in turn, so that what changes on the machine meanwhile hits each of them alike. A round whose
 * window others disturbed is measured again; where that does not help, it counts and is told.
 * @returns rounds by variant
 */
export async function interleaved<F>(
  context: BenchContext,
  variants: readonly Variant<F>[],
): Promise<{ rounds: Map<string, Round<F>[]>; rejectedWindows: number; noisy: string[] }> {
  const rounds = new Map<string, Round<F>[]>(variants.map(({ name }) => [name, []]));
  const noisy: string[] = [];
  let rejectedWindows = 0;
  for (let round = 1; round <= context.rounds; round += 1) {
    for (const variant of variants) {
      for (let repeat = 0; ; repeat += 1) {
        context.signal.throwIfAborted();
        context.progress(`${variant.name}: round ${round} of ${context.rounds}`);
        const found = await variant.run(round);
        const isQuiet = found.usage.otherCores <= MOST_OTHER_CORES;
        if (!isQuiet && !context.noisy && repeat < MOST_REPEATS) {
          rejectedWindows += 1;
          continue;
        }
        if (!isQuiet)
          noisy.push(
            `${variant.name}, round ${round}: others used ${found.usage.otherCores.toFixed(2)} cores`,
          );
        rounds.get(variant.name)?.push(found);
        break;
      }
    }
  }
  return { rounds, rejectedWindows, noisy };
}
