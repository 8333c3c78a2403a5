import type { CancelAnswer } from '@bus/contracts';
import { createStorePool, type PlannedEvent } from '@bus/store';
import { PostgresEventControlStore, PostgresExecutionLedger } from '@bus/store/testing';
import { histogramOf } from '../checker/histogram';
import type { PartResult, Violation } from '../layer';
import { SeededRandom } from '../random';
import type { Bend } from './bend';
import { cancelFaults } from './outcomes';
import type { RaceOperation } from './race';
import { idsOf, RaceGround } from './race-ground';

/** Events of one batch; each is cancelled while others are at work on it. */
const BATCH = 15;
/** Turns of the event loop after which each contestant begins, at most. */
const MOST_TURNS = 12;
const MOST_VIOLATIONS = 10;
/** SQLSTATE lock_not_available. */
const LOCK_TIMEOUT = '55P03';
const MOST_TRIES = 5;
const FAR = '2099-01-01T00:00:00.000Z';

const OPERATIONS: readonly RaceOperation[] = [
  { name: 'cancel.a' },
  { name: 'cancel.b', ordered: true },
  { name: 'cancel.after', dependsOn: ['cancel.a'], ordered: true },
];

/** What a cancel meets: the event arrives, is claimed, is rescheduled, or has an attempt that ends. */
type Against = 'ingest' | 'claim' | 'reschedule' | 'close';

interface Contest {
  event: PlannedEvent;
  against: Against;
  answer?: CancelAnswer['outcome'];
  answerMs: number;
}

/**
 * Cancels raced freely, not step by step: with ingest, claims, closes and reschedules of the same events, over lanes
 * that they share. Each answer is compared with what happened, and its time is measured.
 * @param options.cancels in all; rounded up to whole batches
 */
export async function racedCancels(
  part: string,
  options: { seed: number; cancels: number; signal?: AbortSignal; bend?: Bend },
): Promise<PartResult> {
  const begun = performance.now();
  const random = new SeededRandom(options.seed).fork(part);
  const ground = await RaceGround.open(OPERATIONS, options.bend);
  const { url } = ground.harness.store.database;
  const pool = createStorePool({ connectionString: url, applicationName: 'raced-cancels', poolSize: 6 });
  const control = new PostgresEventControlStore(pool);
  const violations: Violation[] = [];
  const counts: Record<string, number> = { cancels: 0, wrongCancels: 0 };
  const times: number[] = [];
  try {
    for (let batch = 0; (counts['cancels'] ?? 0) < options.cancels; batch += 1) {
      options.signal?.throwIfAborted();
      const contests = await raceBatch(ground, control, random.fork(`batch ${batch}`));
      const homes = await ground.homes(...contests.map(({ event }) => event));
      for (const contest of contests) {
        const own = homes.filter((row) => row.eventId === contest.event.event.eventId);
        const wrong = contestFaults(contest, own);
        counts['cancels'] += 1;
        counts[`cancels.${contest.answer}`] = (counts[`cancels.${contest.answer}`] ?? 0) + 1;
        times.push(contest.answerMs);
        if (wrong.length === 0) continue;
        counts['wrongCancels'] += 1;
        const detail = `cancel against ${contest.against}: ${wrong.join('; ')}`;
        const repeat = `--only races --seed ${options.seed}, batch ${batch} of ${part}`;
        if (violations.length < MOST_VIOLATIONS) violations.push({ rule: 'raced-cancels', detail, repeat });
      }
      const faults = await ground.faults(contests.map(({ event }) => event));
      for (const detail of faults.slice(0, MOST_VIOLATIONS - violations.length))
        violations.push({
          rule: 'raced-cancels',
          detail,
          repeat: `--seed ${options.seed}, batch ${batch} of ${part}`,
        });
      await forget(ground, contests);
    }
  } finally {
    await pool.end();
    await ground.close();
  }
  for (const answer of ['cancelled', 'too_late'])
    if (!counts[`cancels.${answer}`])
      violations.push({ rule: 'raced-cancels', detail: `no cancel was answered '${answer}'`, repeat: part });
  const histogram = histogramOf('answer of a raced cancel', 'ms', times);
  return {
    part,
    durationMs: Math.round(performance.now() - begun),
    counts,
    violations,
    histograms: [histogram],
    notes: [
      `${part}: ${counts['wrongCancels']} of ${counts['cancels']} wrong; answered within ${histogram.p99} ms (p99)`,
    ],
  };
}

async function raceBatch(
  ground: RaceGround,
  control: PostgresEventControlStore,
  random: SeededRandom,
): Promise<Contest[]> {
  const keys = [ground.key(), ground.key(), null];
  const contests = Array.from({ length: BATCH }, (): Contest => {
    const against = random.pick(['ingest', 'claim', 'claim', 'reschedule', 'close'] as const);
    const slot = against === 'close' || (against === 'ingest' && random.chance(0.7));
    const key = random.pick(keys);
    return { event: ground.harness.planned(ground.graph, { key, slot }), against, answerMs: 0 };
  });
  const of = (...kinds: Against[]) => contests.filter(({ against }) => kinds.includes(against));
  await ground.stored(...of('claim', 'reschedule', 'close').map(({ event }) => event));
  const arriving = await ground.harness.batch(
    of('ingest').map(({ event }) => event),
    { partition: ground.nextPartition() },
  );
  const ending = await ground.homes(...of('close').map(({ event }) => event));
  const [one, two] = ground.racers;
  const later = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let turn = random.int(MOST_TURNS); turn > 0; turn -= 1)
      await new Promise((next) => setImmediate(next));
    return patiently(work);
  };
  const claims = (ledger: PostgresExecutionLedger, dispatcherId: number) =>
    later(async () => {
      for (const name of random.shuffled(['cancel.a', 'cancel.b', 'cancel.after']))
        await ledger.claim([ground.room(name, { free: random.between(1, 6) })], ground.context(dispatcherId));
    });
  await Promise.all([
    ...random.shuffled(contests).map((contest) =>
      later(async () => {
        const asked = performance.now();
        contest.answer = (await control.cancel(ground.harness.reference(contest.event))).outcome;
        contest.answerMs = performance.now() - asked;
      }),
    ),
    ...of('reschedule').map((contest) =>
      later(async () => {
        await control.reschedule(ground.harness.reference(contest.event), FAR);
      }),
    ),
    claims(one.ledger, 1),
    later(async () => {
      if (arriving.events.length > 0) await two.inbox.ingest(arriving);
    }),
    claims(ground.harness.store.ledger, 2),
    later(async () => {
      const flying = ending.filter((row) => row.home === 'in_flight' && row.operation === 'cancel.a');
      const byId = new Map(contests.map((contest) => [contest.event.event.eventId, contest.event]));
      const ends = flying.map((row) => ground.end(byId.get(row.eventId) as PlannedEvent, row.operation));
      if (ends.length > 0) await ground.harness.store.ledger.close(ends, ground.context(2));
    }),
  ]);
  return contests;
}

function contestFaults(contest: Contest, homes: Awaited<ReturnType<RaceGround['homes']>>): string[] {
  const flying = homes.some((row) => row.home === 'in_flight');
  const started = flying || homes.some((row) => row.attempt > 0);
  if (contest.answer === 'cancelled') return cancelFaults('cancelled', homes, started);
  if (contest.answer !== 'too_late') return [`the one cancel of it was answered ${contest.answer}`];
  const wrong: string[] = [];
  if (!started) wrong.push('too_late, and nothing has started');
  if (homes.some((row) => row.cancelled)) wrong.push('too_late, and the event is cancelled');
  return wrong;
}

/** As the bus and its clients: what waited for a lock for too long, on a busy machine, was rolled back and is done again. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_TIMEOUT || tries === MOST_TRIES) throw error;
    }
  }
}

/** The next batch's claims are to find its own events. */
async function forget(ground: RaceGround, contests: readonly Contest[]): Promise<void> {
  const ids = idsOf(contests.map(({ event }) => event));
  for (const table of ['in_flight', 'due', 'waiting'])
    await ground.pool.query(`delete from bus.${table} where event_id = any ($1::uuid[])`, [ids]);
  await ground.pool.query('delete from bus.lane where key = any ($1)', [
    [...new Set(contests.map(({ event }) => event.event.key))],
  ]);
}
