import { createStorePool } from '@bus/store';
import { compareStores, createStoreDatabase } from '@bus/store/testing';
import type { PartResult, Violation } from '../layer';

/** The store in memory, on which the simulation runs, answers as the one on PostgreSQL does. */
export async function equalStores(
  part: string,
  options: { seed: number; sequences: number; signal?: AbortSignal; timeLimitMs?: number },
): Promise<PartResult> {
  const begun = performance.now();
  const { seed, sequences, signal, timeLimitMs } = options;
  const database = await createStoreDatabase('equal');
  const pool = createStorePool({ connectionString: database.url, applicationName: 'equal-stores' });
  try {
    const found = await compareStores({ pool, runs: sequences, seed: seed | 0, signal, timeLimitMs });
    const violations: Violation[] =
      found.difference === null
        ? []
        : [
            {
              rule: 'memory store ≡ Postgres store',
              detail: found.difference,
              repeat: `--only races --seed ${seed}`,
            },
          ];
    return {
      part,
      durationMs: Math.round(performance.now() - begun),
      counts: { storeSequences: found.sequences, storeCommands: found.commands },
      violations,
      notes: [`${part}: ${found.sequences} sequences of ${found.commands} commands answered alike`],
    };
  } finally {
    await pool.end();
    await database.drop();
  }
}
