import { Socket } from 'node:net';
import { gate, eventually, within } from '../testing/eventually';
import { recordLog, type RecordedLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { frame } from '../testing/wire-peer';
import { BusRpcServer } from './bus-rpc-server';

const MB = 1024 * 1024;

describe(`${BusRpcServer.name}: limits`, () => {
  let log: RecordedLog;
  let rpc: ServedRpc;

  beforeEach(() => {
    log = recordLog();
  });
  afterEach(async () => {
    expect(await (await rpc.peer()).call({ pattern: { cmd: 'echo' }, data: 1, id: '1' })).toMatchObject({
      response: 1,
    });
    rpc.close();
  });

  const serve = async (options: Parameters<typeof serveRpc>[1] = {}, answer = '') => {
    rpc = await serveRpc(
      {
        echo: (data) => data,
        // Every answer in a tick of its own, as from a handler that waits for something.
        large: () => new Promise((done) => setImmediate(done, answer)),
      },
      options,
    );
  };
  const call = (at: number, padding = '') => frame({ pattern: { cmd: 'large' }, data: padding, id: at });
  const calls = (count: number, padding?: string) =>
    Array.from({ length: count }, (_, at) => call(at, padding)).join('');

  it('closes a peer that never reads once 4 MB wait for it, though its calls end one after another', async () => {
    await serve({}, 'x'.repeat(MB - 100));
    const peer = await rpc.peer();
    peer.socket.pause();
    peer.write(calls(60));
    await eventually(async () => (await rpc.refusals())['unsent_over_limit'] === 1, 'the refusal');
    expect(log.lines[0]).toMatchObject({
      reason: 'unsent_over_limit',
      detail: expect.stringMatching(/\d+ bytes unsent/),
    });
    peer.socket.resume();
    await peer.untilClosed();
    await eventually(() => rpc.server.callsInFlight === 0, 'the end of its calls');
  });

  it('stops reading the calls of a peer that does not read, and goes on when it does', async () => {
    // A turn of the loop reads up to 2 MB of calls: their answers stay below the limit.
    await serve({}, 'x'.repeat(60_000));
    const peer = await rpc.peer();
    peer.socket.pause();
    const written = gate();
    peer.socket.write(calls(400, 'x'.repeat(60_000)), () => written.open());
    const socket = await within(onlyConnection(rpc.server), 'the connection');
    await eventually(() => socket.isPaused(), 'the pause');
    expect(socket.writableLength).toBeLessThan(4 * MB);
    peer.socket.resume();
    await peer.heardAnswers(400);
    await within(written.passed, 'the last call to be read');
    expect(peer.answers.map(({ id }) => id)).toEqual([...Array(400).keys()]);
    expect(await rpc.refusals()).toEqual({});
  });

  it('takes a new peer in place of one that went', async () => {
    await serve({ maxConnections: 2 });
    const [one, two] = [await rpc.peer(), await rpc.peer()];
    await two.call({ pattern: { cmd: 'echo' }, id: 1 });
    const three = await rpc.peer();
    await three.untilClosed();
    expect(await rpc.refusals()).toEqual({ too_many_connections: 1 });
    expect(log.lines).toMatchObject([{ level: 'warn', reason: 'too_many_connections' }]);
    expect((await two.call({ pattern: { cmd: 'echo' }, data: 'still', id: 1 })).response).toBe('still');
    one.destroy();
    await eventually(() => connectionsOf(rpc.server) === 1, 'a free place');
  });

  it('takes its limits from its options', async () => {
    await serve({ maxFrameChars: 200 });
    const peer = await rpc.peer();
    peer.write(call(1, 'x'.repeat(200)));
    await peer.untilClosed();
    expect(await rpc.refusals()).toEqual({ too_long: 1 });
  });

  it('sends at once what it has to send: no Nagle delay', async () => {
    const noDelay = jest.spyOn(Socket.prototype, 'setNoDelay');
    await serve();
    await (await rpc.peer()).call({ pattern: { cmd: 'echo' }, id: 1 });
    expect(noDelay.mock.calls).toEqual([[true]]);
    noDelay.mockRestore();
  });
});

const openSockets = (server: BusRpcServer) => (server as unknown as { openSockets: Set<Socket> }).openSockets;
const connectionsOf = (server: BusRpcServer) => openSockets(server).size;
const onlyConnection = async (server: BusRpcServer) => {
  await eventually(() => connectionsOf(server) === 1, 'a connection');
  return [...openSockets(server)][0] as Socket;
};
