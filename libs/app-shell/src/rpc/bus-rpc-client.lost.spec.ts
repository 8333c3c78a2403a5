import { Worker } from 'node:worker_threads';
import { connect } from 'node:net';
import { AnsweringServer } from '../testing/answering-server';
import { eventually, within } from '../testing/eventually';
import { BusRpcClient } from './bus-rpc-client';

const PATTERN = { cmd: 'echo' };
const PATIENT = { timeoutMs: 60_000 };

describe(`${BusRpcClient.name}: connections that go`, () => {
  let server: AnsweringServer;
  let client: BusRpcClient;
  const start = (data: unknown = null, options = PATIENT) => client.call(PATTERN, data, options);
  const call = (data?: unknown, options?: typeof PATIENT) =>
    within(start(data, options), 'the end of the call');

  beforeEach(async () => {
    server = new AnsweringServer();
    await server.listen();
    server.onCall = ({ data, reply }) => reply(data);
    client = new BusRpcClient({ host: '127.0.0.1', port: server.port });
  });
  afterEach(async () => {
    client.close();
    await server.close();
  });

  it('knows that nothing left where nobody listens', async () => {
    await server.close();
    const replies = await Promise.all([call('a'), call('b')]);
    expect(replies.map(({ outcome }) => outcome)).toEqual(['unsent', 'unsent']);
    expect(replies[0]).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(client.inFlight).toBe(0);
  });

  it('is lost, since it may have run, where the server went after it was sent', async () => {
    server.onCall = ({ socket }) => socket.destroy();
    const replies = await Promise.all([call('a'), call('b')]);
    expect(replies.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
    expect(client.inFlight).toBe(0);
  });

  it('connects anew at the next call', async () => {
    server.onCall = ({ socket }) => socket.destroy();
    await call();
    server.onCall = ({ data, reply }) => reply(data);
    expect(await call('next')).toEqual({ outcome: 'reply', reply: 'next' });
    expect(server.sockets).toHaveLength(2);
  });

  it('makes a new connection for the call after the server said goodbye', async () => {
    await call('first');
    server.sockets[0]?.end();
    await within(new Promise((resolve) => server.sockets[0]?.once('close', resolve)), 'the end');
    expect(await call('next')).toEqual({ outcome: 'reply', reply: 'next' });
  });

  it('sends a call once more, unseen by its caller, where a dead connection took not a byte of it', async () => {
    await call('first');
    // The reset is there, but this process has not been told: the write fails as the first thing.
    server.sockets[0]?.resetAndDestroy();
    const replies = await Promise.all([call('a'), call('b')]);
    expect(replies).toEqual(['a', 'b'].map((reply) => ({ outcome: 'reply', reply })));
    expect(server.calls.map(({ data }) => data)).toEqual(['first', 'a', 'b']);
    expect(server.sockets).toHaveLength(2);
  });

  it('says unsent, not lost, where it cannot be sent once more', async () => {
    await call('first');
    server.sockets[0]?.resetAndDestroy();
    server.stopListening();
    expect((await call('again')).outcome).toBe('unsent');
    expect(server.calls).toHaveLength(1);
  });

  it('does not send again what the caller gave up', async () => {
    await call('first');
    server.sockets[0]?.resetAndDestroy();
    client.abandon(client.start(PATTERN, 'abandoned', () => undefined));
    expect(await call('next')).toMatchObject({ outcome: 'reply' });
    expect(server.calls.map(({ data }) => data)).toEqual(['first', 'next']);
  });

  it('never sends again what was on its way beside a call that waits', async () => {
    server.onCall = ({ data, socket }) => {
      if (data === 'b') socket.resetAndDestroy();
    };
    const one = call('a');
    await server.untilCalls(1);
    const replies = await Promise.all([one, call('b')]);
    expect(replies.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
    expect(server.calls.map(({ data }) => data)).toEqual(['a', 'b']);
  });

  it('never sends again a call that was read, where the write of the next one is refused', async () => {
    server.onCall = () => undefined;
    const one = call('a');
    await server.untilCalls(1);
    server.sockets[0]?.resetAndDestroy();
    const replies = await Promise.all([one, call('b')]);
    expect(replies.map(({ outcome }) => outcome)).toEqual(['lost', 'lost']);
    expect(server.calls.map(({ data }) => data)).toEqual(['a']);
  });

  it('does not try for ever where each connection is reset', async () => {
    server.onConnection = (socket) => socket.resetAndDestroy();
    expect(['unsent', 'lost']).toContain((await call()).outcome);
    expect(server.sockets.length).toBeLessThanOrEqual(2);
  });

  it('trap-37: a reply that is larger than a frame ends the connection, and all its calls are lost', async () => {
    client.close();
    client = new BusRpcClient({ host: '127.0.0.1', port: server.port, maxFrameChars: 1_000 });
    server.onCall = ({ data, reply }) => data === 'large' && reply('x'.repeat(1_000));
    const replies = await Promise.all(['a', 'large', 'b'].map((data) => call(data)));
    expect(replies.map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'lost']);
    expect(replies[0]).toMatchObject({ cause: { code: 'too_long' } });
    server.onCall = ({ data, reply }) => reply(data);
    expect(await call('next')).toMatchObject({ outcome: 'reply' });
  });

  it.each(['null', '7', '{"id"', 'x'])('ends a connection on which the server answers %s', async (text) => {
    server.onCall = ({ socket }) => socket.write(`${text.length}#${text}`);
    expect((await call()).outcome).toBe('lost');
  });

  it('does not take an answer to no call for one', async () => {
    server.onCall = ({ id, write }) => {
      for (const other of [undefined, null, '999', Number(id) + 1]) write({ id: other, response: 'wrong' });
      write({ id, response: 'right' });
    };
    expect(await call()).toEqual({ outcome: 'reply', reply: 'right' });
    expect(client.lateReplies).toBe(4);
  });

  it('ends what runs when it is closed: lost where it was sent, unsent where it was not', async () => {
    server.onCall = () => undefined;
    const sent = call('sent');
    await server.untilCalls(1);
    client.close();
    expect((await sent).outcome).toBe('lost');
    expect(await call('late')).toMatchObject({
      outcome: 'unsent',
      cause: { message: 'the client was closed' },
    });

    client = new BusRpcClient({ host: '127.0.0.1', port: server.port });
    const waiting = call('waiting');
    client.close();
    expect((await waiting).outcome).toBe('unsent');
    await eventually(() => server.sockets.every(({ destroyed }) => destroyed), 'the end of the connections');
    expect(server.calls).toHaveLength(1);
  });

  describe('a server that takes no connection', () => {
    let worker: Worker;
    let port: number;

    beforeAll(async () => {
      // A thread that listens and then stands still: once its queue of two is full, the kernel drops who comes.
      worker = new Worker(STANDSTILL, { eval: true });
      port = await within(new Promise<number>((resolve) => worker.once('message', resolve)), 'the port');
      const first = Array.from({ length: 2 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
      await within(
        Promise.all(first.map((socket) => new Promise((resolve) => socket.once('connect', resolve)))),
        'two',
      );
    });
    afterAll(() => worker.terminate());

    it('leaves a call unsent after the time for a connection', async () => {
      client = new BusRpcClient({ host: '127.0.0.1', port, connectTimeoutMs: 30 });
      expect(await call()).toMatchObject({
        outcome: 'unsent',
        cause: { message: 'no connection within 30 ms' },
      });
    });

    it('leaves a call unsent, not timed out, whose own time ends first', async () => {
      client = new BusRpcClient({ host: '127.0.0.1', port, connectTimeoutMs: 60_000 });
      expect(await call('x', { timeoutMs: 20 })).toMatchObject({
        outcome: 'unsent',
        cause: { message: 'no connection in time' },
      });
    });
  });
});

const STANDSTILL = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;
