import type { PartResult, Violation } from '../layer';
import { SeededRandom } from '../random';
import type { Bend } from './bend';
import { interleave } from './interleave';
import { Orders } from './orders';
import type { Race } from './race';
import { RaceGround } from './race-ground';

/** A race that goes wrong in every round is told of this often. */
const MOST_VIOLATIONS = 10;
/** From here on every outcome that a race lists must have come up. */
const ROUNDS_TO_SEE_ALL = 20;

/**
 * Rounds of one race on a database of its own. Everything random follows from the seed; so does every order.
 * @param options.until goes on until a violation of this kind; default: until ten of any   @param options.setUp SQL before the first round
 */
export async function runRace(
  race: Race,
  options: {
    seed: number;
    rounds: number;
    signal?: AbortSignal;
    bend?: Bend;
    until?: RegExp;
    setUp?: string;
  },
): Promise<PartResult> {
  const begun = performance.now();
  const random = new SeededRandom(options.seed).fork(race.name);
  const orders = new Orders(random.fork('orders'));
  const ground = await RaceGround.open(race.operations, options.bend);
  const violations: Violation[] = [];
  const saw = new Map<string, number>();
  const traces = new Set<string>();
  let waited = 0;
  let rounds = 0;
  const told = (detail: string, trace: readonly string[]) => {
    const repeat = `--only races --seed ${options.seed}, round ${rounds} of ${race.name}: ${trace.join(' ')}`;
    if (violations.length < MOST_VIOLATIONS || options.until?.test(detail))
      violations.push({ rule: race.name, detail, repeat });
  };
  const over = () =>
    options.until
      ? violations.some(({ detail }) => options.until?.test(detail))
      : violations.length >= MOST_VIOLATIONS;
  try {
    if (options.setUp) await ground.pool.query(options.setUp);
    for (; rounds < options.rounds && !over(); rounds += 1) {
      options.signal?.throwIfAborted();
      const round = await race.prepare(ground, random.fork(`round ${rounds}`));
      const works = round.works.map((work, index) => () => work(ground.racers[index]));
      const run = await interleave(ground.racers, works, orders.next(), ground.pool);
      orders.took(run.taken);
      traces.add(run.trace.join(' '));
      waited += run.waited;
      const failures = run.outcomes.filter((outcome) => outcome instanceof Error);
      for (const failure of failures) {
        if (failure.name === 'BendMissedError') throw failure;
        told(`failed: ${failure.message}`, run.trace);
      }
      if (failures.length === 0) {
        const judged = await round.judge(run.outcomes);
        saw.set(judged.saw, (saw.get(judged.saw) ?? 0) + 1);
        judged.wrong.forEach((wrong) => told(`${judged.saw}: ${wrong}`, run.trace));
      }
      for (const fault of await ground.faults(round.events, round)) told(fault, run.trace);
      if (violations.length === 0)
        for (const stuck of await ground.settle(round.events)) told(stuck, run.trace);
    }
    options.bend?.assertUsed();
  } finally {
    await ground.close();
  }
  if (violations.length === 0 && rounds >= ROUNDS_TO_SEE_ALL)
    for (const outcome of race.sees)
      if (!saw.has(outcome)) told(`never saw '${outcome}' in ${rounds} rounds: the race proves nothing`, []);
  const again = ground.racers.reduce((sum, racer) => sum + racer.pool.transactionsAgain, 0);
  return {
    part: race.name,
    durationMs: Math.round(performance.now() - begun),
    counts: { races: 1, rounds, orders: traces.size, locksWaitedFor: waited, transactionsAgain: again },
    violations,
    notes: [
      `${race.name}: ${rounds} rounds in ${traces.size} orders; ` +
        [...saw].map(([name, count]) => `${name} ${count}`).join(', '),
    ],
  };
}
