import type { SeededRandom } from '../random';
import type { Order } from './interleave';

/**
 * Orders of two racers, round after round: one whole before the other, both ways; then every pair of boundaries (one
 * goes k statements, the other l, then the first to its end, then the other), in a seeded order; then random ones.
 */
export class Orders {
  private pairs: [first: number, k: number, l: number][] | null = null;
  private round = -1;
  private readonly longest = [1, 1];

  constructor(private readonly random: SeededRandom) {}

  /** How many pairs of boundaries there are; known after two rounds. */
  get boundaries(): number {
    return this.pairs?.length ?? 0;
  }

  next(): Order {
    this.round += 1;
    if (this.round < 2) return inTurns(this.round, Infinity, Infinity);
    this.pairs ??= this.random.shuffled(allPairs(this.longest[0], this.longest[1]));
    const pair = this.pairs[this.round - 2];
    if (pair) return inTurns(...pair);
    const random = this.random.fork(`round ${this.round}`);
    const bias = random.pick([0.2, 0.5, 0.8]);
    return (standing) => (standing.length === 1 ? standing[0] : random.chance(bias) ? 0 : 1);
  }

  /** What the last round took. */
  took(taken: readonly number[]): void {
    taken.forEach((count, index) => (this.longest[index] = Math.max(this.longest[index], count)));
  }
}

function allPairs(statements: number, others: number): [number, number, number][] {
  const pairs: [number, number, number][] = [];
  for (let k = 1; k <= statements; k += 1)
    for (let l = 1; l <= others; l += 1) pairs.push([0, k, l], [1, l, k]);
  return pairs;
}

/** `first` sends k statements, the other l, `first` the rest, then the other. Who cannot go is passed over. */
function inTurns(first: number, k: number, l: number): Order {
  return (standing, taken) => {
    const other = 1 - first;
    const turn = taken[first] < k ? first : taken[other] < l ? other : first;
    return standing.includes(turn) ? turn : standing[0];
  };
}
