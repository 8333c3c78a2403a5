import { eventually, gate, within } from '../testing/eventually';
import { recordLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { frame, WirePeer } from '../testing/wire-peer';
import { BusRpcServer } from './bus-rpc-server';

describe(`${BusRpcServer.name}: the end of connections`, () => {
  let rpc: ServedRpc;
  /** Lets the calls that wait go on. */
  let passed: ReturnType<typeof gate<void>>;
  let begun: unknown[];
  let ended: unknown[];

  beforeEach(async () => {
    recordLog();
    passed = gate();
    [begun, ended] = [[], []];
    rpc = await serveRpc({
      echo: (data) => data,
      wait: async (data) => {
        begun.push(data);
        await passed.passed;
        ended.push(data);
        return data;
      },
    });
  });
  afterEach(() => rpc.close());

  const call = (cmd: string, id: string) => ({ pattern: { cmd }, data: id, id });
  /** A peer with a call that runs. */
  const busyPeer = async (id: string) => {
    const peer = await rpc.peer();
    peer.write(frame(call('wait', id)));
    await eventually(() => begun.includes(id), 'the call');
    return peer;
  };

  it('trap-34: drains: lets what runs end and answers it, then ends its connection', async () => {
    const [idle, one, two] = [await rpc.peer(), await busyPeer('one'), await busyPeer('two')];
    await idle.call(call('echo', 'before'));
    let drained = false;
    const drain = rpc.server.drain().then(() => (drained = true));
    await idle.untilClosed();
    expect(drained).toBe(false);
    expect(rpc.server.callsInFlight).toBe(2);
    passed.open();
    await within(drain, 'the drain');
    await Promise.all([one.untilClosed(), two.untilClosed()]);
    expect([one, two].map(({ answers }) => answers[0]?.response)).toEqual(['one', 'two']);
    expect(ended).toEqual(['one', 'two']);
  });

  it('answers calls that come while it drains unavailable, unrun: they may be sent again elsewhere', async () => {
    const peer = await busyPeer('one');
    const drain = rpc.server.drain();
    expect((await peer.call(call('wait', 'late'))).err).toMatchObject({
      error: { code: 'unavailable', outcome: 'not_accepted' },
    });
    expect(begun).toEqual(['one']);
    passed.open();
    await within(drain, 'the drain');
    await peer.untilClosed();
    expect(peer.answers.map(({ id }) => id)).toEqual(['late', 'one']);
  });

  it('takes no new connection while it drains', async () => {
    await busyPeer('one');
    void rpc.server.drain();
    const refused = await WirePeer.to(rpc.port).then(
      () => false,
      () => true,
    );
    expect(refused).toBe(true);
  });

  it('waits for every call of a connection', async () => {
    const peer = await busyPeer('one');
    peer.write(frame(call('wait', 'two')));
    await eventually(() => begun.length === 2, 'the second call');
    const drain = rpc.server.drain();
    passed.open();
    await within(drain, 'the drain');
    await peer.untilClosed();
    expect(peer.answers).toHaveLength(2);
  });

  it('has drained at once where nothing runs, twice too', async () => {
    await within(rpc.server.drain(), 'the drain');
    await within(rpc.server.drain(), 'the second drain');
  });

  it('lets a call end whose peer reset the connection, and drops its answer', async () => {
    const peer = await busyPeer('one');
    peer.socket.resetAndDestroy();
    await eventually(async () => (await rpc.refusals())['connection_error'] === 1, 'the reset');
    passed.open();
    await eventually(() => rpc.server.callsInFlight === 0, 'the end of the call');
    expect(ended).toEqual(['one']);
    expect(await rpc.refusals()).toEqual({ connection_error: 1 });
  });

  it('drains where a peer is gone whose call still runs', async () => {
    (await busyPeer('one')).destroy();
    const drain = rpc.server.drain();
    passed.open();
    await within(drain, 'the drain');
  });

  it('closes at once what is left', async () => {
    const peer = await busyPeer('one');
    rpc.server.close();
    await peer.untilClosed();
    expect(peer.answers).toEqual([]);
    passed.open();
  });

  it('tells why it cannot listen', async () => {
    const other = new BusRpcServer({ host: '127.0.0.1', port: rpc.port });
    const fault = new Promise((resolve) => other.listen(resolve));
    expect(await within(fault, 'the fault')).toMatchObject({ code: 'EADDRINUSE' });
  });
});
