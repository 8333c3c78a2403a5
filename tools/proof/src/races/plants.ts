import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Violation } from '../layer';
import { raceNamed } from './all-races';
import { bends, bendText, type Bend } from './bend';
import { lockAndLook } from './lock-and-look';
import { runRace } from './run-race';
import { offsetsFromSequence } from './sequence-plant';
import { withServer } from './with-server';

/** A bug sown on purpose: the product's SQL is bent at the driver, and the proof has to notice. */
export interface RacePlant {
  name: string;
  /** Of docs/guarantees.md, that it breaks. */
  guarantee: string;
  /** What is undone, in a sentence. */
  breaks: string;
  /** Starts a PostgreSQL unless one is there (`withServer`). @throws BendMissedError if the product's SQL has changed */
  run(): Promise<{ caught: boolean; violations: Violation[] }>;
}

const SEED = 20_260_101;
/** A bend that shows in one order of many: this seed comes to that order early. */
const EARLY_SEED = 1;
/** All pairs of boundaries of the longest race are among these. */
const ROUNDS = 200;

interface SownRace {
  race: string;
  bend(): Bend;
  /** What it does to the promise; other complaints do not count as caught. */
  shows: RegExp;
  setUp?: string;
  /** Default `SEED`. */
  seed?: number;
}

function sown(plant: Omit<RacePlant, 'run'> & SownRace): RacePlant {
  const { name, guarantee, breaks } = plant;
  const run = () =>
    onServer(async () => {
      const { violations } = await runRace(raceNamed(plant.race), {
        seed: plant.seed ?? SEED,
        rounds: ROUNDS,
        bend: plant.bend(),
        until: plant.shows,
        setUp: plant.setUp,
      });
      const shown = violations.filter(({ detail }) => plant.shows.test(detail));
      return { caught: shown.length > 0, violations };
    });
  return { name, guarantee, breaks, run };
}

async function onServer<T>(work: () => Promise<T>): Promise<T> {
  const workDir = mkdtempSync(join(tmpdir(), 'omnibus-plant-'));
  try {
    return await withServer(workDir, work);
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

export const racePlants: readonly RacePlant[] = [
  sown({
    name: 'trap 5: lock and look in one statement',
    guarantee: 'G5',
    breaks: 'a close looks for the next in a lane by the snapshot from before it waited for the lane',
    race: 'close×lane append',
    bend: lockAndLook,
    shows: /nobody will wake it|could wake it|was started 0 times/,
  }),
  {
    name: 'trap 6: offsets from a sequence',
    guarantee: 'G2',
    breaks:
      'the Postgres broker numbers records without the lock of the partition: late commits are passed by',
    run: () => onServer(() => offsetsFromSequence({ sow: true })),
  },
  sown({
    name: 'trap 19: cancels in a table of their own',
    guarantee: 'G8',
    breaks:
      'a cancel that comes first is kept beside the identity, so that no key decides between it and ingest',
    race: 'ingest×cancel',
    setUp: `create table bus.cancel_beside (
      identity uuid primary key, cancelled_at timestamptz, deliver_at timestamptz, prune_after date)`,
    bend: () =>
      bends([
        bendText('control.placeholder', 'insert into bus.event_identity', 'insert into bus.cancel_beside'),
        bendText(
          'inbox.ingest.fresh',
          'select from bus.event_identity where identity',
          'select from bus.cancel_beside where identity',
        ),
        bendText(
          'inbox.ingest.any',
          'and not f.cancelled order by',
          'and not f.cancelled and not exists (select from bus.cancel_beside c where c.identity = r.identity) order by',
        ),
      ]),
    shows: /an attempt has started/,
  }),
  sown({
    name: 'cancel of some rows',
    guarantee: 'G8',
    breaks: 'a cancel takes what it gets and does not look whether an attempt has started meanwhile',
    race: 'claim×cancel',
    bend: () => bendText('control.look', ') as started', ') and false as started'),
    shows: /an attempt has started/,
  }),
  sown({
    name: 'position without a guard',
    guarantee: 'G2',
    breaks: 'ingest moves the position without asking whether it still stands where the batch begins',
    race: 'ingest×ingest (partition)',
    bend: () => bendText('inbox.ingest', 'and next_offset = $4', 'and $4::bigint is not null'),
    shows: /2 stored one position/,
  }),
  sown({
    name: 'claim by a time read before',
    guarantee: 'G7',
    breaks: 'an ordered claim takes what was due when it looked, though it was rescheduled meanwhile',
    race: 'claim×reschedule',
    seed: EARLY_SEED,
    bend: () => bendText('bus-take', ' and d.due_at <= (select clock_timestamp())', ''),
    shows: /rescheduled, and an attempt has started/,
  }),
  sown({
    name: 'no fence',
    guarantee: 'G9',
    breaks: 'a close ends whatever attempt is in flight, not the one that it holds',
    race: 'late close×sweep',
    bend: () =>
      bends([
        bendText('bus-close', 'and f.attempt = r.attempt', ''),
        bendText('bus-close.failed', 'returning r.*,', 'returning r.*, f.attempt as held,'),
        bendText(
          'bus-close.failed',
          'select event_id, operation_id, attempt, outcome, code, reason, output::json',
          'select event_id, operation_id, held, outcome, code, reason, output::json',
        ),
        bendText(
          'bus-close.failed',
          '(select event_id, attempt, outcome',
          '(select event_id, held as attempt, outcome',
        ),
        bendText('bus-close.failed', 'group by event_id, attempt,', 'group by event_id, held,'),
      ]),
    shows: /both ended attempt 1|completed, and it runs again/,
  }),
];
