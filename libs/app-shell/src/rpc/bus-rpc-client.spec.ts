import { AnsweringServer } from '../testing/answering-server';
import { eventually, within } from '../testing/eventually';
import { BusRpcClient } from './bus-rpc-client';
import { RawJson, type RpcReply } from './rpc-reply';

const PATTERN = { cmd: 'echo' };
/** Longer than any test: only what is tested ends a call. */
const PATIENT = { timeoutMs: 60_000 };

describe(BusRpcClient.name, () => {
  let server: AnsweringServer;
  let client: BusRpcClient;
  const open = (over: Partial<ConstructorParameters<typeof BusRpcClient>[0]> = {}) => {
    client.close();
    client = new BusRpcClient({ host: '127.0.0.1', port: server.port, ...over });
  };
  const call = (data: unknown = null, options = PATIENT) =>
    within(client.call<unknown>(PATTERN, data, options), 'the end of the call');

  beforeEach(async () => {
    server = new AnsweringServer();
    await server.listen();
    client = new BusRpcClient({ host: '127.0.0.1', port: server.port });
    server.onCall = ({ data, reply }) => reply(data);
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it.each([{ a: '你好 😀' }, null, 0, '', [1], undefined])('calls, and is answered: %j', async (data) => {
    expect(await call(data)).toEqual({ outcome: 'reply', reply: data ?? null });
    expect(server.calls[0]).toMatchObject({ pattern: PATTERN, id: '1' });
    expect(client.inFlight).toBe(0);
  });

  it('connects at the first call, and keeps one connection for all', async () => {
    expect(server.sockets).toHaveLength(0);
    const replies = await Promise.all(Array.from({ length: 200 }, (_, at) => call(at)));
    expect(replies).toEqual(Array.from({ length: 200 }, (_, reply) => ({ outcome: 'reply', reply })));
    expect(server.sockets).toHaveLength(1);
  });

  it('finds the call of each reply, in whatever order they come', async () => {
    server.onCall = () => undefined;
    const calls = ['a', 'b', 'c'].map((data) => call(data));
    await server.untilCalls(3);
    for (const { reply, data } of server.calls.reverse()) reply(`${String(data)} done`);
    expect(await Promise.all(calls)).toMatchObject(
      ['a done', 'b done', 'c done'].map((reply) => ({ reply })),
    );
  });

  it('tells an error from a reply', async () => {
    const errors: unknown[] = [{ error: { code: 'conflict' } }, 'Internal server error', 0];
    server.onCall = ({ id, write }) => write({ id, err: errors[Number(id) - 1], isDisposed: true });
    for (const error of errors) expect(await call()).toEqual({ outcome: 'error', error });
  });

  it('sends a text of JSON as it is', async () => {
    await call(new RawJson('{"amount":  10.00}'));
    expect(server.calls[0]?.text).toBe('{"pattern":{"cmd":"echo"},"data":{"amount":  10.00},"id":"1"}');
  });

  it('tells its call before it is sent, and never from within the start', async () => {
    const order: string[] = [];
    const done = new Promise<void>((ended) => {
      client.start(PATTERN, 1, () => ended(void order.push('done')));
      order.push('started');
    });
    await within(done, 'the reply');
    client.close();
    const refused = new Promise<RpcReply<unknown>>((ended) => {
      client.start(PATTERN, 1, (reply) => ended((order.push('refused'), reply)));
      order.push('started');
    });
    expect((await refused).outcome).toBe('unsent');
    expect(order).toEqual(['started', 'done', 'started', 'refused']);
  });

  describe('deadlines', () => {
    it('trap-31: ends a call that is not answered in time; its late reply is dropped and counted', async () => {
      server.onCall = () => undefined;
      expect(await call('slow', { timeoutMs: 20 })).toEqual({ outcome: 'timeout' });
      await server.untilCalls(1);
      server.calls[0]?.reply('late');
      server.onCall = ({ data, reply }) => reply(data);
      expect(await call('next')).toEqual({ outcome: 'reply', reply: 'next' });
      expect(client.lateReplies).toBe(1);
      expect(server.sockets).toHaveLength(1);
    });

    it('has none where the caller has one of its own', async () => {
      server.onCall = () => undefined;
      const pending = client.call(PATTERN, 1, { timeoutMs: 0 });
      expect(await call('slow', { timeoutMs: 20 })).toEqual({ outcome: 'timeout' });
      server.calls[0]?.reply('done');
      expect(await within(pending, 'the reply')).toEqual({ outcome: 'reply', reply: 'done' });
    });

    it('gives a call up without a word', async () => {
      server.onCall = () => undefined;
      let heard = 0;
      const id = client.start(PATTERN, 1, () => heard++);
      await server.untilCalls(1);
      expect([client.inFlight, client.abandon(id), client.abandon(id), client.inFlight]).toEqual([
        1,
        true,
        false,
        0,
      ]);
      server.calls[0]?.reply('late');
      await eventually(() => client.lateReplies === 1, 'the late reply');
      expect(heard).toBe(0);
    });
  });

  describe('limits', () => {
    const unsent = (message: string | RegExp) => ({
      outcome: 'unsent',
      cause: { message: expect.stringMatching(message) as string },
    });

    it('does not send a call that is longer than a frame', async () => {
      open({ maxFrameChars: 100 });
      const room = 100 - '{"pattern":{"cmd":"echo"},"data":"","id":"1"}'.length;
      expect(await call('x'.repeat(room))).toMatchObject({ outcome: 'reply' });
      expect(await call('x'.repeat(room + 1))).toMatchObject({
        outcome: 'unsent',
        cause: { code: 'too_large' },
      });
      expect(server.calls).toHaveLength(1);
    });

    it('does not send more calls than it may have in flight', async () => {
      open({ maxInFlight: 2 });
      server.onCall = () => undefined;
      const calls = [call('a'), call('b')];
      expect(await call('c')).toMatchObject(unsent('too many calls in flight'));
      await server.untilCalls(2);
      for (const { reply } of server.calls) reply('done');
      await Promise.all(calls);
      server.onCall = ({ data, reply }) => reply(data);
      expect(await call('d')).toMatchObject({ outcome: 'reply' });
    });

    it('does not send to a server that does not read', async () => {
      server.onConnection = (socket) => socket.pause();
      void client.call(PATTERN, 'connect', PATIENT);
      await eventually(() => server.sockets.length === 1, 'the connection');
      const outcomes: string[] = [];
      const data = 'x'.repeat(500_000);
      // Each in a turn of its own: the kernel takes what it can hold.
      for (let at = 0; at < 60 && outcomes.length === 0; at++) {
        void client.call(PATTERN, data, PATIENT).then(({ outcome }) => outcomes.push(outcome));
        await new Promise((next) => setImmediate(next));
      }
      expect(outcomes).toEqual(['unsent']);
      expect(await call(data)).toMatchObject(unsent('does not keep up'));
      server.onCall = ({ reply }) => reply('read');
      const pending = client.inFlight;
      server.sockets[0]?.resume();
      await eventually(() => client.inFlight === 0, `${pending} replies`);
      expect(await call('next')).toMatchObject({ outcome: 'reply' });
    });

    it('does not keep more than it may send for a connection that does not stand yet', async () => {
      const replies = await Promise.all(Array.from({ length: 30 }, () => call('x'.repeat(500_000))));
      const outcomes = replies.map(({ outcome }) => outcome);
      expect(outcomes[0]).toBe('reply');
      expect(replies.at(-1)).toMatchObject(unsent('does not keep up'));
      expect(new Set(outcomes)).toEqual(new Set(['reply', 'unsent']));
      expect(server.sockets).toHaveLength(1);
    });

    it('does not send a call that JSON cannot carry', async () => {
      const circle: Record<string, unknown> = {};
      circle['circle'] = circle;
      expect(await call(circle)).toMatchObject(unsent('circular'));
      expect(await call(1n)).toMatchObject(unsent('BigInt'));
      expect(client.inFlight).toBe(0);
    });
  });
});
