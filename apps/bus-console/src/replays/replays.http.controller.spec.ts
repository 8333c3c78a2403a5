import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';
import { ReplaysController } from './replays.http.controller';

const eventType = 'order.paid';
const endpoint = 'tcp://127.0.0.1:4101';

describe(ReplaysController, () => {
  let stage: ConsoleStage;
  let ids: Record<string, number>;

  beforeAll(async () => {
    stage = await openConsole();
    ids = await stage.seed.operations({
      'a.run': { eventType, endpoint },
      'b.run': { eventType, endpoint, ordered: true },
    });
  }, CONSOLE_READY_MS);
  afterAll(() => stage.close());

  const dead = async (operation: string, over: Parameters<ConsoleStage['seed']['event']>[0] = {}) => {
    const eventId = await stage.seed.event(over);
    await stage.seed.attempt(eventId, ids[operation] ?? 0, 'rejected');
    await stage.seed.deadLetter(eventId, ids[operation] ?? 0, 'rejected');
    return eventId;
  };
  const runUntil = async (id: string, state: string) => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const { body } = await stage.http.get(`/api/v1/replays/${id}`).expect(200);
      if (body.state === state) return body;
      if (performance.now() > deadline) throw new Error(`run ${id} is ${body.state}, not ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('replays one execution by its attempt; the second click is a conflict', async () => {
    const eventId = await dead('a.run');
    const path = `/api/v1/executions/${eventId}/a.run/replay`;
    const body = { expectedAttempt: 1, reason: 'fixed', actor: 'ann' };

    const replayed = await stage.http.post(path).send(body).expect(200);
    expect(replayed.body).toMatchObject({ outcome: 'replayed', pending: [], forcedRuns: 0 });
    const second = await stage.http.post(path).send(body).expect(409);
    expect(second.body.error).toMatchObject({
      code: 'conflict',
      message: 'the execution is not as you saw it: it is retrying, attempt 1; look again',
    });
    const { body: audit } = await stage.http.get('/api/v1/audit').expect(200);
    expect(audit.rows.slice(0, 2)).toMatchObject([
      { action: 'execution.replay', actor: 'ann', result: 'refused: conflict' },
      {
        action: 'execution.replay',
        target: `${eventId}/a.run`,
        reason: 'fixed',
        result: 'replayed, forced runs 0',
      },
    ]);
  });

  it('needs force for a completed execution, and a reason for everything', async () => {
    const eventId = await stage.seed.event();
    await stage.seed.attempt(eventId, ids['a.run'] ?? 0, 'completed');
    const path = `/api/v1/executions/${eventId}/a.run/replay`;

    await stage.http.post(path).send({ expectedAttempt: 1, force: true }).expect(400);
    const refused = await stage.http.post(path).send({ expectedAttempt: 1, reason: 'again' }).expect(422);
    expect(refused.body.error.message).toContain('force');
    const forced = await stage.http
      .post(path)
      .send({ expectedAttempt: 1, reason: 'again', force: true })
      .expect(200);
    expect(forced.body).toMatchObject({ forcedRuns: 1 });
    await stage.http.post('/api/v1/executions/nonsense/a.run/replay').send({}).expect(400);
    await stage.http
      .post(`/api/v1/executions/${eventId}/z.run/replay`)
      .send({ expectedAttempt: 1, reason: 'x' })
      .expect(404);
  });

  it('skips an execution, unblocks a lane, and routes an event', async () => {
    const [blocker, waiting] = [
      await dead('b.run', { key: 'user 7/ä' }),
      await stage.seed.event({ key: 'user 7/ä' }),
    ];
    await stage.seed.lane(ids['b.run'] ?? 0, 'user 7/ä', blocker, true);
    await stage.seed.waiting(waiting, ids['b.run'] ?? 0, { key: 'user 7/ä', place: 1 });
    const lane = `/api/v1/lanes/b.run/${encodeURIComponent('user 7/ä')}/unblock`;

    await stage.http.post(lane).send({ blockedBy: waiting, reason: 'go on' }).expect(409);
    const unblocked = await stage.http.post(lane).send({ blockedBy: blocker, reason: 'go on' }).expect(200);
    expect(unblocked.body).toEqual({ outcome: 'unblocked', head: waiting });

    const skip = `/api/v1/executions/${waiting}/b.run/skip`;
    const skipped = await stage.http
      .post(skip)
      .send({ expectedAttempt: 0, reason: 'not wanted' })
      .expect(200);
    expect(skipped.body).toEqual({ outcome: 'skipped', attempt: 1 });
    await stage.http.post(skip).send({ expectedAttempt: 1, reason: 'not wanted' }).expect(422);

    const unrouted = await stage.seed.event({ graphId: null });
    const route = `/api/v1/events/${unrouted}/route`;
    const routed = await stage.http.post(route).send({ reason: 'it has operations now' }).expect(200);
    expect(routed.body).toMatchObject({ outcome: 'routed', version: 1, executions: [{}, {}] });
    await stage.http.post(route).send({ reason: 'again' }).expect(409);
  });

  it('previews a run, runs it, and gives the same run to the same key', async () => {
    const events = [await dead('a.run', { source: 'bulk' }), await dead('a.run', { source: 'bulk' })];
    const filter = { source: 'bulk', operation: 'a.run' };
    const preview = await stage.http.post('/api/v1/replays/preview').send({ filter }).expect(200);
    expect(preview.body).toMatchObject({ executions: 2, events: 2, warnings: [] });
    expect(preview.body.sample.map((row: { eventId: string }) => row.eventId)).toEqual(events);

    const start = () =>
      stage.http
        .post('/api/v1/replays')
        .set('Idempotency-Key', 'k-1')
        .send({ filter, reason: 'bulk', actor: 'ann' });
    const started = await start().expect(201);
    expect(started.body).toMatchObject({ selected: 2, ratePerSecond: 50, actor: 'ann' });
    const again = await start().expect(201);
    expect(again.body.runId).toBe(started.body.runId);
    expect(await runUntil(started.body.runId, 'completed')).toMatchObject({
      replayed: 2,
      conflicts: 0,
      refused: 0,
    });
    await stage.http
      .post('/api/v1/replays')
      .set('Idempotency-Key', 'k-1')
      .send({ filter: {}, reason: 'other' })
      .expect(409);
    const list = await stage.http.get('/api/v1/replays').expect(200);
    expect(list.body.rows.map((run: { runId: string }) => run.runId)).toEqual([started.body.runId]);
  });

  it('pauses, resumes and cancels a run', async () => {
    for (let n = 0; n < 5; n += 1) await dead('a.run', { source: 'slow' });
    const { body: run } = await stage.http
      .post('/api/v1/replays')
      .send({ filter: { source: 'slow' }, ratePerSecond: 1, reason: 'slow' })
      .expect(201);
    const change = (state: string) =>
      stage.http.patch(`/api/v1/replays/${run.runId}`).send({ state, reason: 'look first' });

    expect((await change('paused').expect(200)).body.state).toBe('paused');
    expect((await change('running').expect(200)).body.state).toBe('running');
    const cancelled = await change('cancelled').expect(200);
    expect(cancelled.body).toMatchObject({ state: 'cancelled', endedAt: expect.any(String) });
    expect(cancelled.body.replayed).toBeLessThan(5);
    await change('running').expect(409);
    await change('completed').expect(400);
    await stage.http.get('/api/v1/replays/0190a0a0-0000-7000-8000-000000000000').expect(404);
  });

  it.each([
    ['an unknown cause', { filter: { causes: ['lost'] } }],
    ['a field that it does not know', { filter: { state: 'dead' } }],
    ['no filter', {}],
    ['a rate above 1,000', { filter: {}, ratePerSecond: 1001, reason: 'x' }],
    ['no reason', { filter: {} }],
  ])('answers 400 to a run with %s', async (_title, body) => {
    await stage.http.post('/api/v1/replays').send(body).expect(400);
  });

  it('is described in OpenAPI', async () => {
    const { body } = await stage.http.get('/docs-json').expect(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/executions/{eventId}/{operation}/replay',
        '/api/v1/executions/{eventId}/{operation}/skip',
        '/api/v1/lanes/{operation}/{key}/unblock',
        '/api/v1/events/{eventId}/route',
        '/api/v1/replays/preview',
        '/api/v1/replays/{id}',
      ]),
    );
  });
});
