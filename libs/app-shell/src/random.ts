/** Port: randomness for jitter and sampling, never for secrets. */
export abstract class RandomSource {
  /** In [0, 1). */
  abstract next(): number;
}

export class SystemRandom extends RandomSource {
  next(): number {
    return Math.random();
  }
}
