import { connect } from 'node:net';
import { BusRpcClient } from '@bus/app-shell';
import { type ErrorAnswer, type PublishBatchReceipt, type PublishReceipt, RPC } from '@bus/contracts';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { firstValueFrom } from 'rxjs';
import { type RunningProducer, startProducer } from '../testing/start-producer';
import { PublishRpcController } from './publish.rpc.controller';

const PAID = { orderId: '1001', userId: 'user-7', amountCents: 9900 };
const EVENT = { messageId: 'm-1', source: 'payments', type: 'order.paid', key: 'user-7', payload: PAID };
const SOON = { timeoutMs: 5_000 };

describe(PublishRpcController.name, () => {
  let producer: RunningProducer;

  beforeAll(async () => {
    producer = await startProducer();
  });
  beforeEach(() => {
    producer.broker.comeBack();
    producer.broker.recreate();
  });
  afterAll(() => producer.stop());

  const publish = (data: unknown) => producer.rpc.call<PublishReceipt>(RPC.publish, data, SOON);
  const refusalOf = async (call: Promise<{ outcome: string }>) => {
    const answer = (await call) as { outcome: string; error?: ErrorAnswer };
    expect(answer.outcome).toBe('error');
    expect(producer.published()).toEqual([]);
    const { code, outcome, faults } = (answer.error as ErrorAnswer).error;
    return [code, outcome, ...faults.map(({ path }) => path)];
  };

  it('publishes, carrying the trace of the caller', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(await publish({ event: EVENT, traceparent })).toMatchObject({
      outcome: 'reply',
      reply: { messageId: 'm-1', source: 'payments', status: 'accepted' },
    });
    const [event] = producer.published();
    expect(event).toMatchObject({ ...EVENT, payload: JSON.stringify(PAID) });
    expect(event.traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
  });

  it("takes calls of Nest's own client", async () => {
    const client = ClientProxyFactory.create({
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port: producer.rpcPort },
    });
    const reply = await firstValueFrom(client.send(RPC.publish, { event: EVENT }));
    expect(reply).toMatchObject({ status: 'accepted' });
    const error = await firstValueFrom(client.send(RPC.publish, { event: {} })).catch(
      (answer: unknown) => answer,
    );
    expect(error).toMatchObject({
      error: { code: 'invalid', faults: [{ path: '/type' }, { path: '/payload' }] },
    });
    await client.close();
  });

  it('publishes many at once on one connection', async () => {
    const calls = Array.from({ length: 500 }, (_, at) =>
      publish({ event: { ...EVENT, messageId: `m-${at}` } }),
    );
    const outcomes = (await Promise.all(calls)).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['reply']));
    expect(producer.published()).toHaveLength(500);
  });

  it.each([
    ['bad-25', { messageId: '' }, ['invalid', 'not_accepted', '/messageId']],
    ['bad-29', { type: '' }, ['invalid', 'not_accepted', '/type']],
    ['bad-32', { payload: undefined }, ['invalid', 'not_accepted', '/payload']],
    ['bad-33', { payload: 7 }, ['unprocessable', 'not_accepted', '/payload']],
    ['bad-34', { type: 'other', payload: 'x'.repeat(300_000) }, ['too_large', 'not_accepted', '/payload']],
    ['bad-37', { type: 'other', payload: ['\0'] }, ['invalid', 'not_accepted', '/payload/0']],
    ['bad-38', { type: 'other', payload: ['\ud83d'] }, ['invalid', 'not_accepted', '/payload/0']],
    ['bad-41', { type: 'other', payload: [2 ** 60] }, ['invalid', 'not_accepted', '/payload/0']],
    ['bad-46', { delayMs: 1, deliverAt: '2026-01-01T00:00:00Z' }, ['invalid', 'not_accepted', '/deliverAt']],
    ['bad-47', { extra: 1 }, ['invalid', 'not_accepted', '/extra']],
  ])('%s: answers the same error object as HTTP', async (_, over, refusal) => {
    expect(await refusalOf(publish({ event: { ...EVENT, ...over } }))).toEqual(refusal);
  });

  it.each([null, 7, 'text', [], {}, { event: null }, { event: [] }])('refuses the data %j', async (data) => {
    expect((await refusalOf(publish(data)))[0]).toBe('invalid');
  });

  it.each([
    ['bad-35', '['.repeat(33) + ']'.repeat(33), `/payload${'/0'.repeat(32)}`],
    ['bad-39', '{"__proto__":1}', '/payload/__proto__'],
    ['bad-40', '{"a":1,"a":2}', '/payload/a'],
    ['bad-42', '1e999', '/payload'],
  ])('%s: finds in the text of the frame what parsing hides', async (_, payload, path) => {
    const data = `{"event":{"type":"other","payload":${payload}}}`;
    const answer = await rawCall(
      producer.rpcPort,
      `{"pattern":{"cmd":"bus.publish"},"data":${data},"id":"7"}`,
    );
    expect(answer).toMatchObject({ id: '7', err: { error: { code: 'invalid', faults: [{ path }] } } });
    expect(producer.published()).toEqual([]);
  });

  it('bad-65: answers a result per event of a batch, also where the text of one is bad', async () => {
    const events = `[{"type":"t","payload":1},{"type":"t","payload":{"a":1,"a":2}},{"type":"t","payload":3,"x":1}]`;
    const text = `{"pattern":{"cmd":"bus.publishBatch"},"data":{"events":${events}},"id":"7"}`;
    const { response } = (await rawCall(producer.rpcPort, text)) as { response: PublishBatchReceipt };
    expect(response.results).toMatchObject([
      { status: 'accepted' },
      { status: 'refused', error: { faults: [{ path: '/events/1/payload/a' }] } },
      { status: 'refused', error: { faults: [{ path: '/events/2/x' }] } },
    ]);
    expect(producer.published()).toHaveLength(1);
  });

  it('bad-65: refuses a batch of 1,001 events', async () => {
    const events = Array.from({ length: 1001 }, () => EVENT);
    const call = producer.rpc.call(RPC.publishBatch, { events }, SOON);
    expect(await refusalOf(call)).toEqual(['too_large', 'not_accepted', '/events']);
    expect(await refusalOf(producer.rpc.call(RPC.publishBatch, null, SOON))).toContain('/events');
  });

  it('bad-50: answers unavailable while the broker is away, and goes on by itself', async () => {
    producer.broker.goAway();
    const answer = await publish({ event: EVENT });
    expect(answer).toMatchObject({ outcome: 'error', error: { error: { code: 'unavailable', faults: [] } } });
    producer.broker.comeBack();
    expect((await publish({ event: EVENT })).outcome).toBe('reply');
  });

  it('bad-53: answers unavailable, not accepted, while it stops', async () => {
    const other = await startProducer();
    const client = new BusRpcClient({ host: '127.0.0.1', port: other.rpcPort });
    await client.call(RPC.publish, { event: EVENT }, SOON);
    const stopped = other.stop();
    const answer = await client.call(RPC.publish, { event: EVENT }, SOON);
    expect(['unsent', 'error', 'lost']).toContain(answer.outcome);
    await stopped;
    client.close();
    expect(other.published()).toHaveLength(1);
  });
});

/** Sends one frame as it is; the answer parsed. */
function rawCall(port: number, json: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${json.length}#${json}`));
    let text = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => {
      text += bytes.toString();
      const [length, ...rest] = text.split('#');
      if (rest.join('#').length < Number(length)) return;
      socket.destroy();
      resolve(JSON.parse(rest.join('#')));
    });
  });
}
