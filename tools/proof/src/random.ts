/** Random numbers that follow from a seed alone (mulberry32, public domain): the same seed gives the same run. */
export class SeededRandom {
  private state: number;

  /** @param seed any whole number; its lower 32 bits count, and its upper ones where there are any */
  constructor(seed: number) {
    this.state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32) | 0, 0x9e3779b9)) >>> 0;
    this.next();
  }

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number in [0, below). */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + this.int(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** @throws RangeError if there is nothing to pick from */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from');
    return from[this.int(from.length)];
  }

  /** In a new order; the given array stays as it is. */
  shuffled<T>(from: readonly T[]): T[] {
    const shuffled = [...from];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.int(at + 1);
      [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
    }
    return shuffled;
  }

  /** A stream of its own, so that what one part draws does not shift what another one gets. */
  fork(label: string): SeededRandom {
    let hash = this.state;
    for (let at = 0; at < label.length; at++) hash = Math.imul(hash ^ label.charCodeAt(at), 0x01000193);
    return new SeededRandom(hash >>> 0);
  }
}
