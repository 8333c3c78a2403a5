import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import type { StorePool } from '../../../postgres/connection';
import { ComparedRun } from './compared-run';
import { openInMemorySide } from './in-memory-side';
import { openPostgresSide } from './postgres-side';
import { storeCommands, type StoreCommand } from './store-command';

export interface ComparedStores {
  sequences: number;
  commands: number;
  /** Commands by kind. */
  kinds: Record<string, number>;
  /** The smallest sequence that told the stores apart, and how; `null`: none did. */
  difference: string | null;
}

/** A person may skip a dead letter in both stores; the table of moves does not have it. */
const BY_PERSON = /went from (dead|rejected) to skipped$/;

/**
 * Gives the same random commands to the store in memory and to the one on PostgreSQL, one after another, and compares
 * every answer and all that is stored after each. The database is the run's own: its content is deleted.
 * @param seed the same seed gives the same commands
 * @param commands longest sequence; default 24
 */
export async function compareStores(options: {
  pool: StorePool;
  runs: number;
  seed: number;
  commands?: number;
  /** A search for the smallest difference ends then; so do the runs. Default 300,000. */
  timeLimitMs?: number;
  signal?: AbortSignal;
}): Promise<ComparedStores> {
  const { pool, runs, seed, commands = 24, timeLimitMs = 300_000, signal } = options;
  const found: ComparedStores = { sequences: 0, commands: 0, kinds: {}, difference: null };
  const sequence = storeCommands({ min: 1, max: commands });
  const property = fc.asyncProperty(sequence, async (list) => {
    signal?.throwIfAborted();
    found.sequences += 1;
    await compareSequence(pool, list, found);
  });
  const result = await fc.check(property, { numRuns: runs, seed, interruptAfterTimeLimit: timeLimitMs });
  if (result.failed) {
    signal?.throwIfAborted();
    const how =
      result.errorInstance instanceof Error ? result.errorInstance.message : String(result.errorInstance);
    const smallest = (result.counterexample?.[0] ?? []).map((one) => JSON.stringify(one)).join('\n');
    found.difference = `seed ${seed}, path ${result.counterexamplePath ?? ''}\n${smallest}\n${how}`;
  }
  return found;
}

async function compareSequence(
  pool: StorePool,
  list: readonly StoreCommand[],
  found: ComparedStores,
): Promise<void> {
  const memory = openInMemorySide();
  const postgres = await openPostgresSide(pool);
  const runs = [new ComparedRun(memory), new ComparedRun(postgres)] as const;
  await runs[0].open();
  await runs[1].open();
  let seen = await postgres.snapshot();
  for (const [index, command] of list.entries()) {
    found.commands += 1;
    found.kinds[command.kind] = (found.kinds[command.kind] ?? 0) + 1;
    const at = `command ${index + 1}, ${JSON.stringify(command)}`;
    const wanted = await runs[1].perform(command, seen);
    const got = await runs[0].perform(command, seen);
    deepStrictEqual(got, wanted, new Error(`${at}: other answer in memory\n${difference(got, wanted)}`));
    seen = await postgres.snapshot();
    const held = await memory.snapshot();
    deepStrictEqual(held, seen, new Error(`${at}: other content in memory\n${difference(held, seen)}`));
    const faults = memory.store.faults().filter((fault) => !BY_PERSON.test(fault));
    if (faults.length > 0) throw new Error(`${at}: ${faults.join('; ')}`);
  }
}

/** Parts that only one of them has. */
function difference(memory: unknown, postgres: unknown): string {
  const parts = (value: unknown): string[] =>
    Object.entries((value ?? { value }) as object).flatMap(([name, part]: [string, unknown]) =>
      Array.isArray(part)
        ? part.map((item) => `${name} ${JSON.stringify(item)}`)
        : [`${name} ${JSON.stringify(part)}`],
    );
  const [a, b] = [parts(memory), parts(postgres)];
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `  memory:   ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `  postgres: ${line}`),
  ].join('\n');
}
