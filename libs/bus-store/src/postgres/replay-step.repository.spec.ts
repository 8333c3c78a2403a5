import type { DeadCause } from '@bus/contracts';
import type { TestDatabase } from '@bus/embedded-postgres';
import type { ReplayFilter } from '../replay-runs';
import { createStoreDatabase, HistorySeed, untilWaiting } from '../testing';
import { createStorePool, type StorePool } from './connection';
import { PostgresReplayPreviews } from './replay-preview.repository';
import { PostgresReplayRuns } from './replay-run.repository';
import { PostgresReplaySteps } from './replay-step.repository';

const ALL: ReplayFilter = {
  operation: null,
  causes: null,
  eventType: null,
  code: null,
  diedFrom: null,
  diedTo: null,
  source: null,
  key: null,
  messageIds: null,
};
const DAY_MS = 86_400_000;
const author = { actor: 'ann', reason: 'coupons is back', ip: null };

jest.setTimeout(30_000);

describe(PostgresReplaySteps, () => {
  let database: TestDatabase;
  let pool: StorePool;
  let seed: HistorySeed;
  let runs: PostgresReplayRuns;
  let steps: PostgresReplaySteps;
  let previews: PostgresReplayPreviews;
  let ids: Record<string, number>;

  beforeAll(async () => {
    database = await createStoreDatabase('replay');
    pool = createStorePool({ connectionString: database.url, applicationName: 'replay-spec' });
    seed = new HistorySeed(pool);
    runs = new PostgresReplayRuns(pool);
    steps = new PostgresReplaySteps(pool);
    previews = new PostgresReplayPreviews(pool);
    const operation = { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:1' };
    ids = await seed.operations({
      'p.a': operation,
      'p.b': operation,
      'p.c': { ...operation, ordered: true },
    });
  });
  afterEach(() =>
    pool.query(
      'truncate bus.replay_run, bus.dead_letter, bus.due, bus.lane, bus.attempt_group, bus.audit_entry',
    ),
  );
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const dead = async (
    operation: string,
    cause: DeadCause = 'rejected',
    over: Parameters<HistorySeed['event']>[0] & { code?: string; ended?: Date } = {},
  ) => {
    const eventId = await seed.event(over);
    await seed.attempt(eventId, ids[operation] ?? 0, 'rejected', over.ended ? { at: over.ended } : {});
    await seed.deadLetter(
      eventId,
      ids[operation] ?? 0,
      cause,
      over.code === undefined ? {} : { code: over.code },
    );
    return eventId;
  };
  const start = (
    filter: Partial<ReplayFilter> = {},
    ratePerSecond = 1000,
    idempotencyKey: string | null = null,
  ) => runs.start({ filter: { ...ALL, ...filter }, ratePerSecond, idempotencyKey, author });
  const startRun = async (filter: Partial<ReplayFilter> = {}, ratePerSecond = 1000) => {
    const started = await start(filter, ratePerSecond);
    if (started.outcome === 'conflict') throw new Error('no run was started');
    return started.run.runId;
  };
  /** Steps as a worker does, until its runs have ended. */
  const work = async (worker = steps) => {
    for (;;) {
      const { outcome, nextInMs } = await worker.next();
      if (outcome === 'idle' && nextInMs === null) return;
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(nextInMs ?? 0, outcome === 'idle' ? 5 : 0)),
      );
    }
  };
  const dueEvents = async () =>
    (await pool.query<{ event_id: string }>('select event_id from bus.due order by event_id')).rows.map(
      (row) => row.event_id,
    );

  it('shows what a filter would touch, and what stands in its way', async () => {
    const old = new Date(Date.now() - 91 * DAY_MS);
    const first = await dead('p.a', 'rejected', { key: 'k', messageId: 'm-1', code: 'no_stock' });
    await dead('p.a', 'too_old', { source: 'orders' });
    await dead('p.b', 'too_old', { ended: old });
    const behind = await dead('p.c', 'rejected', { key: 'lane' });
    await seed.lane(ids['p.c'] ?? 0, 'lane', first, true);
    await pool.query(`update bus.operation set state = 'paused' where name = 'p.b'`);

    const preview = await previews.preview(ALL);
    await pool.query(`update bus.operation set state = 'active' where name = 'p.b'`);
    expect(preview).toMatchObject({ executions: 4, events: 4 });
    expect(preview.groups.map(({ operation, cause, executions }) => [operation, cause, executions])).toEqual([
      ['p.a', 'rejected', 1],
      ['p.a', 'too_old', 1],
      ['p.b', 'too_old', 1],
      ['p.c', 'rejected', 1],
    ]);
    expect(preview.sample[0]).toMatchObject({
      eventId: first,
      operation: 'p.a',
      attempt: 1,
      messageId: 'm-1',
    });
    expect(preview.warnings).toEqual([
      { code: 'lane_blocked', operation: 'p.c', executions: 1 },
      { code: 'operation_paused', operation: 'p.b', executions: 1 },
      { code: 'too_old', operation: 'p.b', executions: 1 },
    ]);
    const count = async (filter: Partial<ReplayFilter>) =>
      (await previews.preview({ ...ALL, ...filter })).executions;
    expect(await count({ operation: 'p.a' })).toBe(2);
    expect(await count({ causes: ['too_old', 'outcome_unknown'] })).toBe(2);
    expect(await count({ code: 'no_stock' })).toBe(1);
    expect(await count({ source: 'orders' })).toBe(1);
    expect(await count({ key: 'lane' })).toBe(1);
    expect(await count({ messageIds: ['m-1', 'm-9'] })).toBe(1);
    expect(await count({ eventType: 'order.created' })).toBe(0);
    expect(await count({ diedFrom: new Date(Date.now() + DAY_MS).toISOString() })).toBe(0);
    expect(await count({ diedTo: new Date(Date.now() + DAY_MS).toISOString() })).toBe(4);
    expect(await dueEvents()).toEqual([]);
    expect(behind).toBeDefined();
  });

  it('replays what died before it began and nothing else, however many workers there are', async () => {
    const wanted: string[] = [];
    for (let n = 0; n < 250; n += 1) wanted.push(await dead('p.a'));
    await dead('p.b');
    const refused = await dead('p.a', 'rejected', { ended: new Date(Date.now() - 91 * DAY_MS) });
    const runId = await startRun({ operation: 'p.a' });
    const late = await dead('p.a');

    const others = [1, 2].map(() => new PostgresReplaySteps(pool));
    await Promise.all([steps, ...others].map((worker) => work(worker)));
    expect(await runs.find(runId)).toMatchObject({
      state: 'completed',
      selected: 251,
      replayed: 250,
      conflicts: 0,
      refused: 1,
    });
    expect(await dueEvents()).toEqual(wanted.sort());
    const left = await pool.query<{ event_id: string }>(
      'select event_id from bus.dead_letter order by event_id',
    );
    expect(left.rows.map((row) => row.event_id)).toEqual(expect.arrayContaining([refused, late]));
    const { rows } = await pool.query(
      `select count(*)::int as lines, count(distinct target)::int as targets from bus.audit_entry
        where action = 'execution.replay'`,
    );
    expect(rows).toEqual([{ lines: 251, targets: 251 }]);
  });

  it('stays below its rate, two workers together', async () => {
    for (let n = 0; n < 30; n += 1) await dead('p.a');
    await startRun({}, 20);
    await Promise.all([work(), work(new PostgresReplaySteps(pool))]);

    const { rows } = await pool.query<{ ms: number }>(
      `select (extract(epoch from at) * 1000)::float8 as ms from bus.audit_entry
        where action = 'execution.replay' order by at`,
    );
    const times = rows.map((row) => row.ms);
    expect(times).toHaveLength(30);
    // In any t seconds rate × t, and one step's: 20 / 4.
    for (const [from, first] of times.entries())
      for (const [to, last] of times.entries())
        if (to >= from) expect(to - from + 1).toBeLessThanOrEqual((20 * (last - first)) / 1000 + 5 + 0.5);
  });

  it('does a step whole or not at all: one that dies before its commit is done by the next', async () => {
    for (let n = 0; n < 3; n += 1) await dead('p.a');
    const runId = await startRun();
    const gate = await pool.connect();
    await gate.query('begin');
    await gate.query('lock table bus.audit_entry in exclusive mode');
    const dying = steps.next();
    await untilWaiting(pool, 1);
    await pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`,
    );
    await expect(dying).rejects.toThrow();
    await gate.query('rollback');
    gate.release();

    expect(await runs.find(runId)).toMatchObject({ state: 'running', replayed: 0 });
    expect(await dueEvents()).toEqual([]);
    await work();
    expect(await runs.find(runId)).toMatchObject({ state: 'completed', replayed: 3, conflicts: 0 });
    expect(await dueEvents()).toHaveLength(3);
  });

  it('pauses, goes on where it was, and is cancelled for good', async () => {
    for (let n = 0; n < 6; n += 1) await dead('p.a');
    const runId = await startRun({}, 8); // two at a time
    await steps.next();
    expect(await runs.change(runId, 'paused', author)).toMatchObject({ outcome: 'changed' });
    await pool.query(`update bus.replay_run set next_at = clock_timestamp()`);
    expect(await steps.next()).toMatchObject({ outcome: 'idle', nextInMs: null });
    expect(await runs.find(runId)).toMatchObject({ state: 'paused', replayed: 2 });

    expect(await runs.change(runId, 'running', author)).toMatchObject({ outcome: 'changed' });
    expect(await steps.next()).toMatchObject({ outcome: 'stepped', replayed: 2 });
    expect(await runs.change(runId, 'cancelled', author)).toMatchObject({ outcome: 'changed' });
    expect(await runs.change(runId, 'running', author)).toMatchObject({ outcome: 'conflict' });
    expect(await runs.change(runId, 'cancelled', author)).toMatchObject({ outcome: 'unchanged' });
    expect(await steps.next()).toMatchObject({ outcome: 'idle' });
    expect(await dueEvents()).toHaveLength(4);
    const unknown = '0190a0a0-0000-7000-8000-000000000000';
    expect(await runs.change(unknown, 'paused', author)).toEqual({ outcome: 'not_found' });
    const { rows } = await pool.query(
      `select result from bus.audit_entry where target = $1 order by audit_id`,
      [runId],
    );
    expect(rows.map((row) => row.result)).toEqual([
      'started, 6 executions selected',
      'changed',
      'changed',
      'changed',
      'refused: it is cancelled',
      'unchanged',
    ]);
  });

  it('counts a person who was faster as a conflict of nobody: it is not selected any more', async () => {
    const [first, second] = [await dead('p.a'), await dead('p.a')];
    const runId = await startRun();
    await pool.query('delete from bus.dead_letter where event_id = $1', [first]);
    await work();
    expect(await runs.find(runId)).toMatchObject({ selected: 2, replayed: 1, conflicts: 0 });
    expect(await dueEvents()).toEqual([second]);
  });

  it('trap-18: gives the same run to the same key, and refuses the key to another', async () => {
    await dead('p.a');
    const clicks = await Promise.all([1, 2, 3].map(() => start({}, 50, 'key-1')));
    expect(clicks.map((click) => click.outcome).sort()).toEqual(['known', 'known', 'started']);
    const runIds = new Set(clicks.map((click) => (click.outcome === 'conflict' ? '' : click.run.runId)));
    expect(runIds.size).toBe(1);
    expect(await start({ operation: 'p.b' }, 50, 'key-1')).toEqual({ outcome: 'conflict' });
    expect(await start({}, 51, 'key-1')).toEqual({ outcome: 'conflict' });

    const page = await runs.list({ limit: 1, cursor: null });
    expect(page).toMatchObject({ rows: [{ selected: 1, actor: 'ann' }], nextCursor: null });
  });

  it('lists runs newest first, page by page', async () => {
    const started = [await startRun(), await startRun(), await startRun()];
    const first = await runs.list({ limit: 2, cursor: null });
    const second = await runs.list({ limit: 2, cursor: first.nextCursor });
    expect([...first.rows, ...second.rows].map((run) => run.runId)).toEqual(started.reverse());
    expect(second.nextCursor).toBeNull();
  });
});
