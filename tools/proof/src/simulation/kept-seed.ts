import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A seed that once found a fault; run first in every tier, for ever. */
export interface KeptSeed {
  seed: number;
  /** What it found. */
  why: string;
}

export const KEPT_SEEDS = JSON.parse(
  readFileSync(join(__dirname, 'kept-seeds.json'), 'utf8'),
) as readonly KeptSeed[];
