import { createLogEnds, createSpanReader, ensureLog } from '@bus/broker';
import { decodeRecord, type IncomingEvent } from '@bus/domain';
import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from '../testing/console-stage';
import { EventRepairController } from './event-repair.http.controller';

const author = { actor: 'ana', reason: 'wrong amount' };
const order = { orderId: '1001', userId: 'user-7', amountCents: 9900 };

describe(EventRepairController, () => {
  let stage: ConsoleStage;

  beforeEach(async () => {
    stage = await openConsole();
    await ensureLog({ broker: 'postgres', databaseUrl: stage.databaseUrl });
  }, CONSOLE_READY_MS);
  afterEach(() => stage.close());

  /** Events of the log, by message id. */
  async function published(): Promise<Record<string, IncomingEvent>> {
    const log = { broker: 'postgres' as const, databaseUrl: stage.databaseUrl };
    const [ends, reader] = [createLogEnds(log), createSpanReader(log)];
    const { logId, bounds } = await ends.read();
    const events: Record<string, IncomingEvent> = {};
    const spans = [...bounds].map(([partition, { start, end }]) => ({ partition, from: start, to: end }));
    await reader.read(spans, async ({ records }) => {
      for (const record of records) {
        const decoded = decodeRecord(record, { logId });
        if ('fault' in decoded) throw new Error(decoded.detail);
        events[decoded.event.messageId] = decoded.event;
      }
    });
    await reader.stop();
    await ends.stop();
    return events;
  }
  const resend = (eventId: string, body: object) =>
    stage.http.post(`/api/v1/events/${eventId}/resend`).send({ ...author, ...body });

  it('sends an edited event as a new one, and both timelines tell it', async () => {
    const at = new Date('2026-11-20T08:00:00.000Z');
    const eventId = await stage.seed.event({ messageId: 'paid', key: 'user-7', payload: order, at });

    const { body } = await resend(eventId, { payload: { ...order, amountCents: 100 } }).expect(200);

    expect(body).toMatchObject({ outcome: 'resent', source: 'payments', messageId: 'paid~2' });
    expect(await published()).toEqual({
      'paid~2': {
        eventId: body.eventId,
        source: 'payments',
        messageId: 'paid~2',
        type: 'order.paid',
        key: 'user-7',
        payload: JSON.stringify({ ...order, amountCents: 100 }),
        occurredAt: at.toISOString(),
        deliverAt: null,
        traceparent: null,
      },
    });
    const original = await stage.http.get(`/api/v1/events/${eventId}`).expect(200);
    expect(original.body).toMatchObject({ original: null, resentAs: [{ messageId: 'paid~2', ...author }] });
    expect(original.body.timeline.map(({ words }: { words: string }) => words)).toContain(
      'sent again as paid~2 by ana: wrong amount',
    );
    const arrived = await stage.seed.event({ messageId: 'paid~2' });
    const story = await stage.http.get(`/api/v1/events/${arrived}`).expect(200);
    expect(story.body.original).toMatchObject({ eventId, record: null, ...author });
    expect(story.body.timeline[0].words).toBe(`sent again from event ${eventId} by ana: wrong amount`);
  });

  it('leaves the bytes of a payload that nobody edited, and takes other key, type and message id', async () => {
    const eventId = await stage.seed.event({ messageId: 'note', type: 'note.kept', key: 'a' });
    await stage.pool.query(`update bus.event set payload = '{ "n": 1.0 }' where event_id = $1`, [eventId]);
    await resend(eventId, { key: null, type: 'note.moved', messageId: 'note-b' }).expect(200);
    expect((await published())['note-b']).toMatchObject({
      payload: '{ "n": 1.0 }',
      key: null,
      type: 'note.moved',
    });
  });

  it('writes the link before it publishes: without a broker the link is there, and the repeat is the same event', async () => {
    const eventId = await stage.seed.event({ messageId: 'paid', payload: order });
    await stage.pool.query('alter schema bus_broker rename to away');
    const { body } = await resend(eventId, {}).expect(503);
    expect(body.error.faults).toEqual([{ path: '/messageId', message: 'repeat the request with paid~2' }]);
    const { rows } = await stage.pool.query('select message_id from bus.event_link');
    expect(rows).toEqual([{ message_id: 'paid~2' }]);

    await stage.pool.query('alter schema away rename to bus_broker');
    await resend(eventId, { messageId: 'paid~2' }).expect(200);
    expect(Object.keys(await published())).toEqual(['paid~2']);
    const audit = await stage.pool.query('select result from bus.audit_entry order by audit_id');
    expect(audit.rows.map(({ result }) => result)).toEqual([
      'linked: payments paid~2',
      'not_accepted: linked, but not surely published',
      'repeated: payments paid~2',
    ]);
  });

  it('takes a second click for what it is, and an id that another event has for a conflict', async () => {
    const eventId = await stage.seed.event({ messageId: 'paid', payload: order });
    await resend(eventId, {}).expect(200);
    const again = await resend(eventId, {}).expect(409);
    expect(again.body.error.faults[0].message).toContain('it was sent as paid~2');
    await resend(eventId, { messageId: 'paid' }).expect(409);
    expect(Object.keys(await published())).toEqual(['paid~2']);
  });

  it('checks an edit like any publish, and tells every fault at once', async () => {
    await stage.seed.operations({
      'a.run': { eventType: 'order.paid', endpoint: 'tcp://127.0.0.1:4101', ordered: true },
    });
    const eventId = await stage.seed.event({ messageId: 'paid', key: 'user-7', payload: order });
    const faulty = await resend(eventId, { payload: { orderId: 7 }, key: null }).expect(422);
    const paths = faulty.body.error.faults.map(({ path }: { path: string }) => path);
    expect(paths).toEqual(expect.arrayContaining(['/key', '/payload/orderId']));
    const big = await stage.http
      .post(`/api/v1/events/${eventId}/resend`)
      .set('content-type', 'application/json')
      .send('{"reason":"r","payload":{"n":9007199254740993}}')
      .expect(400);
    expect(big.body.error.faults[0].path).toBe('/payload/n');
    await stage.http
      .post('/api/v1/events/00000000-0000-7000-8000-000000000000/resend')
      .send(author)
      .expect(404);
    expect(await published()).toEqual({});
    const { rowCount } = await stage.pool.query('select from bus.event_link');
    expect(rowCount).toBe(0);
  });
});
