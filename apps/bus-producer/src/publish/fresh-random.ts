import { randomFillSync } from 'node:crypto';

const SIZE = 16;
const pool = new Uint8Array(256 * SIZE);
let used = pool.length;

/** 16 random bytes of its own for one id. Drawn in bulk: one draw at a time costs several times more. */
export function freshRandom(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += SIZE;
  return pool.slice(used - SIZE, used);
}
