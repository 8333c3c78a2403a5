import { BusRpcClient, type RpcReply, rpcPortOf, startApp, stopApp } from '@bus/app-shell';
import { type BrokerSubscriber, createSubscriber, ensureLog } from '@bus/broker';
import { type CancelAnswer, type EventStatus, RPC } from '@bus/contracts';
import { EventInbox } from '@bus/store';
import { createStoreDatabase } from '@bus/store/testing';
import type { NestExpressApplication } from '@nestjs/platform-express';
import supertest from 'supertest';
import { readConfig } from './bus-producer.config';
import { BusProducerModule } from './bus-producer.module';
import { startOptions } from './start-options';
import { StoringReceiver } from './testing/storing-receiver';

const SOON = { timeoutMs: 5_000 };

describe(`${BusProducerModule.name}, on one PostgreSQL for log and store`, () => {
  let database: Awaited<ReturnType<typeof createStoreDatabase>>;
  let app: NestExpressApplication;
  let rpc: BusRpcClient;
  let url: string;
  let subscriber: BrokerSubscriber;
  let receiver: StoringReceiver;
  const http = () => supertest(url);

  beforeAll(async () => {
    database = await createStoreDatabase('producer');
    const config = readConfig({
      DATABASE_URL: database.url,
      HTTP_PORT: '0',
      RPC_PORT: '0',
      LOG_LEVEL: 'silent',
    });
    await ensureLog(config.broker);
    app = await startApp(startOptions(config));
    url = await app.getUrl();
    receiver = new StoringReceiver(app.get(EventInbox, { strict: false }));
    subscriber = createSubscriber(config.broker);
    await subscriber.start(receiver);
    rpc = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(app) });
  });
  afterAll(async () => {
    rpc.close();
    await subscriber.stop();
    await stopApp(app);
    await database.drop();
  });

  it('is ready', async () => {
    await http().get('/health/ready').expect(200);
  });

  it('shows an event once it is stored, and not before', async () => {
    const event = {
      source: 'urn:orders/eu',
      messageId: 'a%b',
      type: 'any.type',
      key: 'k',
      payload: { n: 1 },
    };
    const path = '/v1/events/urn:orders%2Feu/a%25b';
    expect((await http().get(path).expect(404)).body).toMatchObject({ error: { code: 'not_found' } });
    const { body: receipt } = await http().post('/v1/events').send(event).expect(202);
    await receiver.until('a%b');
    const { body } = await http().get(path).expect(200);
    expect(body).toMatchObject({
      event: {
        ...event,
        eventId: (receipt as { eventId: string }).eventId,
        unrouted: true,
        cancelledAt: null,
      },
      executions: [],
      attempts: [],
    });
    const reply = (await rpc.call(RPC.getEvent, { event }, SOON)) as RpcReply<EventStatus>;
    expect(reply).toMatchObject({ outcome: 'reply', reply: { event: { messageId: 'a%b' } } });
    await http().head(path).expect(200);
  });

  it('bad-66: cancels and reschedules what has not arrived; its status is 404 before', async () => {
    await http().get('/v1/events/s/not-yet').expect(404);
    expect((await http().delete('/v1/events/s/not-yet').expect(200)).body).toEqual({
      outcome: 'cancelled',
      executions: [],
    });
    const later = { deliverAt: '2026-12-01T00:00:00Z' };
    const moved = await http().patch('/v1/events/s/not-yet-2').send(later).expect(200);
    expect(moved.body).toEqual({ outcome: 'rescheduled', executions: [] });
    expect((await http().get('/v1/events/s/not-yet').expect(200)).body).toMatchObject({
      event: { eventId: null },
    });
  });

  it('bad-69: says what was done before', async () => {
    const cancel = () =>
      rpc.call<CancelAnswer>(RPC.cancel, { event: { source: 's', messageId: 'twice' } }, SOON);
    expect(await cancel()).toMatchObject({ reply: { outcome: 'cancelled' } });
    expect(await cancel()).toMatchObject({ reply: { outcome: 'already_cancelled' } });
    const event = { source: 's', messageId: 'twice' };
    const moved = await rpc.call(RPC.reschedule, { event, deliverAt: '2026-12-01T00:00:00Z' }, SOON);
    expect(moved).toMatchObject({ reply: { outcome: 'too_late' } });
  });

  it('bad-68, bad-72: answers too_late where nothing is left to run', async () => {
    await http()
      .post('/v1/events')
      .send({ source: 's', messageId: 'done', type: 'any.type', payload: {} })
      .expect(202);
    await receiver.until('done');
    expect((await http().delete('/v1/events/s/done').expect(200)).body).toMatchObject({
      outcome: 'too_late',
    });
  });

  it('bad-60: answers 404 to a path that no event can have', async () => {
    for (const path of [
      '/v1/events/%00/m',
      '/v1/events/s/%E2%82%AC',
      `/v1/events/s/${'m'.repeat(10_000)}`,
      '/v1/../x',
    ])
      expect((await http().get(path).expect(404)).body).toMatchObject({ error: { outcome: 'not_accepted' } });
  });

  it('bad-61: answers 405 to other methods', async () => {
    const answer = await http().put('/v1/events/s/m').send({}).expect(405);
    expect(answer.headers.allow).toBe('DELETE, GET, PATCH');
  });

  it('tells all faults of a reschedule', async () => {
    const patch = (body: string) =>
      http().patch('/v1/events/s/m').set('content-type', 'application/json').send(body).expect(400);
    const faults = async (body: string) =>
      ((await patch(body)).body as { error: { faults: { path: string }[] } }).error.faults.map(
        ({ path }) => path,
      );
    expect(await faults('{"deliverAt":"soon","delayMs":5}')).toEqual(['/delayMs', '/deliverAt']);
    expect(await faults('{"deliverAt":"2026-12-01T00:00:00Z","deliverAt":1}')).toEqual(['/deliverAt']);
    expect(await faults('[]')).toEqual(['']);
    await http().patch('/v1/events/s/m').expect(415);
    const call = rpc.call(RPC.reschedule, { event: { source: '' } }, SOON);
    expect(await call).toMatchObject({ outcome: 'error', error: { error: { faults: [{}, {}, {}] } } });
  });
});
