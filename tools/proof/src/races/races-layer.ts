import type { Layer, LayerContext, PartResult, Tier } from '../layer';
import { ALL_RACES } from './all-races';
import { equalStores } from './equal-stores';
import { racedCancels } from './raced-cancels';
import { runRace } from './run-race';
import { withServer } from './with-server';

const ROUNDS: Record<Tier, number> = { quick: 200, full: 1_000, release: 1_000 };
const CANCELS: Record<Tier, number> = { quick: 1_000, full: 10_000, release: 10_000 };
/** Sequences of commands that both stores get. */
const SEQUENCES: Record<Tier, number> = { quick: 60, full: 600, release: 600 };
/** Cancels of one part. */
const CHUNK = 1_000;
/** At a time, each on a database of its own: one waits for an answer while the other works. */
const LINES = 3;

interface Part {
  name: string;
  run(context: LayerContext): Promise<PartResult>;
}

export const racesLayer: Layer = {
  name: 'races',
  title: 'Every named race on a real PostgreSQL, statement by statement, in every order of the two',
  run: (context) => withServer(context.workDir, () => runParts(partsOf(context.tier), context)),
};

function partsOf(tier: Tier): Part[] {
  const races = ALL_RACES.map((race): Part => ({
    name: race.name,
    run: ({ seed, signal }) => runRace(race, { seed, signal, rounds: ROUNDS[tier] }),
  }));
  const chunks = CANCELS[tier] / CHUNK;
  const cancels = Array.from({ length: chunks }, (_, chunk): Part => {
    const name = `raced-cancels ${chunk + 1} of ${chunks}`;
    return { name, run: ({ seed, signal }) => racedCancels(name, { seed, signal, cancels: CHUNK }) };
  });
  const equal: Part = {
    name: 'memory store ≡ Postgres store',
    run: ({ seed, signal }) =>
      equalStores('memory store ≡ Postgres store', { seed, signal, sequences: SEQUENCES[tier] }),
  };
  // The long ones first, so that none is left alone at the end.
  return [equal, ...cancels, ...races];
}

async function runParts(parts: readonly Part[], context: LayerContext): Promise<PartResult[]> {
  const results = new Map<string, PartResult>();
  const todo = parts.filter((part) => {
    const kept = context.done.get(part.name);
    if (kept) results.set(part.name, kept);
    return !kept;
  });
  const line = async () => {
    for (let part = todo.shift(); part; part = todo.shift()) {
      context.signal.throwIfAborted();
      const result = await part.run(context);
      results.set(part.name, result);
      context.keep(part.name, result);
      context.progress(`races: ${results.size} of ${parts.length} (${result.notes?.[0] ?? part.name})`);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: LINES }, line));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return parts.flatMap((part) => results.get(part.name) ?? []);
}
