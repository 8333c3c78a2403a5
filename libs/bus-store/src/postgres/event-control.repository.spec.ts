import type { RunnableGraph } from '@bus/domain';
import { v7 } from 'uuid';
import { InboxHarness } from '../testing';
import { createStorePool } from './connection';
import { PostgresEventControlStore } from './event-control.repository';

const FAR = '2099-01-01T00:00:00Z';

describe(PostgresEventControlStore, () => {
  let harness: InboxHarness;
  let graph: RunnableGraph;
  let ids: number[];

  beforeAll(async () => {
    harness = await InboxHarness.open();
    graph = await harness.store.graph('control.event', [
      { name: 'control.a' },
      { name: 'control.b', dependsOn: ['control.a'] },
      { name: 'control.lane', ordered: true },
    ]);
    ids = graph.operations.map((operation) => operation.operationId);
  });
  afterAll(() => harness.close());

  const stored = async (over: Parameters<InboxHarness['planned']>[1] = {}) => {
    const planned = harness.planned(graph, over);
    await harness.ingest([planned]);
    return planned;
  };
  const states = (executions: { state: string }[]) => executions.map((execution) => execution.state);

  describe('reschedule', () => {
    it('gives every execution the new time and keeps what it depends on', async () => {
      const planned = await stored({ slot: false, key: v7() });
      const answer = await harness.control.reschedule(harness.reference(planned), FAR);
      expect([answer.outcome, ...states(answer.executions)]).toEqual([
        'rescheduled',
        'scheduled',
        'scheduled',
        'scheduled',
      ]);
      const { rows } = await harness.pool.query(
        'select operation_id, due_at, key, pending from bus.due where event_id = $1 order by operation_id',
        [planned.event.eventId],
      );
      const due_at = new Date(FAR);
      expect(rows).toEqual([
        { operation_id: ids[0], due_at, key: null, pending: [] },
        { operation_id: ids[1], due_at, key: null, pending: [ids[0]] },
        { operation_id: ids[2], due_at, key: planned.event.key, pending: [] },
      ]);
      expect(
        (await harness.pool.query('select from bus.lane where key = $1', [planned.event.key])).rowCount,
      ).toBe(0);
      const status = await harness.control.getEvent(harness.reference(planned));
      expect(status?.event.deliverAt).toBe('2099-01-01T00:00:00.000Z');
    });

    it("adds the operation's own delay of today, and never makes a row due in the past", async () => {
      const delayed = await harness.store.graph('control.delayed', [
        { name: 'control.delayed', delayMs: 60_000 },
      ]);
      const planned = harness.planned(delayed);
      await harness.ingest([planned]);
      await harness.control.reschedule(harness.reference(planned), FAR);
      const dueAt = async () =>
        (
          await harness.pool.query(
            'select due_at, due_at > clock_timestamp() - interval $$1 min$$ as now from bus.due where event_id = $1',
            [planned.event.eventId],
          )
        ).rows[0];
      expect((await dueAt()).due_at).toEqual(new Date('2099-01-01T00:01:00Z'));
      expect(
        (await harness.control.reschedule(harness.reference(planned), '2001-01-01T00:00:00Z')).outcome,
      ).toBe('rescheduled');
      expect((await dueAt()).now).toBe(true);
    });

    it('is too late once something started, and after a cancel', async () => {
      const running = await stored();
      const answer = await harness.control.reschedule(harness.reference(running), FAR);
      expect([answer.outcome, ...states(answer.executions)]).toEqual([
        'too_late',
        'in_flight',
        'waiting',
        'in_flight',
      ]);
      const cancelled = await stored({ deliverAt: FAR });
      await harness.control.cancel(harness.reference(cancelled));
      expect(await harness.control.reschedule(harness.reference(cancelled), FAR)).toMatchObject({
        outcome: 'too_late',
      });
      expect(await harness.homes(cancelled)).toEqual({});
    });
  });

  describe('getEvent', () => {
    it('knows nothing of what was never seen', async () => {
      expect(await harness.control.getEvent({ source: 'spec', messageId: v7() })).toBeNull();
    });

    it('shows an event with its executions and attempts', async () => {
      const planned = await stored({ payload: '{"n":1}', key: 'k', verdicts: new Map([[ids[0], 'no']]) });
      const status = await harness.control.getEvent(harness.reference(planned));
      expect(status).toEqual({
        event: {
          eventId: planned.event.eventId,
          source: 'spec',
          messageId: planned.event.messageId,
          type: 'control.event',
          key: 'k',
          payload: { n: 1 },
          occurredAt: '2026-01-02T03:04:05.678Z',
          deliverAt: null,
          storedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
          cancelledAt: null,
          unrouted: false,
        },
        executions: [
          { operation: 'control.a', state: 'skipped', attempt: 1 },
          { operation: 'control.b', state: 'in_flight', attempt: 1 },
          { operation: 'control.lane', state: 'in_flight', attempt: 1 },
        ],
        attempts: [
          {
            operation: 'control.a',
            attempt: 1,
            outcome: 'skipped',
            code: 'filtered',
            durationMs: null,
            endedAt: expect.stringMatching(/^\d{4}-/),
          },
        ],
      });
    });

    it('shows an unrouted event, and one that was cancelled before it arrived', async () => {
      const unrouted = harness.planned(null);
      await harness.ingest([unrouted]);
      expect(await harness.control.getEvent(harness.reference(unrouted))).toMatchObject({
        event: { unrouted: true },
        executions: [],
      });
      const early = { source: 'spec', messageId: v7() };
      await harness.control.cancel(early);
      expect(await harness.control.getEvent(early)).toMatchObject({
        event: {
          ...early,
          eventId: null,
          type: null,
          payload: null,
          cancelledAt: expect.any(String),
          unrouted: false,
        },
        executions: [],
        attempts: [],
      });
    });
  });

  it('hints at known and ordered types and at the clock of the database', async () => {
    await harness.store.graph('control.unordered', [{ name: 'control.unordered' }]);
    const before = Date.now();
    const hints = await harness.control.hints();
    expect(hints.knownTypes).toEqual(expect.arrayContaining(['control.event', 'control.unordered']));
    expect(hints.orderedTypes).toEqual(['control.event']);
    expect(Math.abs(hints.databaseNowMs - before)).toBeLessThan(5_000);
  });

  it('answers that nothing is known while Postgres is away', async () => {
    const pool = createStorePool({
      connectionString: 'postgres://bus@127.0.0.1:9/none',
      applicationName: 'away',
    });
    const control = new PostgresEventControlStore(pool);
    const away = { code: 'unavailable', outcome: 'unknown' };
    await expect(control.cancel({ source: 'spec', messageId: 'x' })).rejects.toMatchObject(away);
    await expect(control.reschedule({ source: 'spec', messageId: 'x' }, FAR)).rejects.toMatchObject(away);
    await expect(control.getEvent({ source: 'spec', messageId: 'x' })).rejects.toMatchObject(away);
    await expect(control.hints()).rejects.toMatchObject(away);
    await pool.end();
  });
});
