import { RawPeer } from '../testing/raw-peer';
import { captureLog, ECHO, gate, type RunningRpcServer, startRpcServer } from '../testing/rpc-harness';
import { within } from '../testing/within';
import { BusRpcServer } from './bus-rpc-server';

jest.setTimeout(30_000);

/** Part of every bad input: it may show up in no answer and no log line. */
const SECRET = 's3cret';
const nested = (levels: number) => `${'['.repeat(levels)}"${SECRET}"${']'.repeat(levels)}`;

describe(`${BusRpcServer.name} and bad calls`, () => {
  const log = captureLog();
  let rpc: RunningRpcServer;
  let ran = 0;

  async function start(): Promise<RawPeer> {
    rpc = await startRpcServer();
    rpc.handle({ cmd: 'test.counted' }, () => Promise.resolve((ran += 1)));
    return rpc.peer();
  }

  beforeEach(() => {
    ran = 0;
    log.length = 0;
  });
  afterEach(() => {
    rpc.stop();
    expect(ran).toBe(0);
    expect(JSON.stringify(log)).not.toContain(SECRET);
  });

  it('bad-13: refuses a call whose frame is not UTF-8, and keeps the connection', async () => {
    const peer = await start();
    const [before, after] = [`{"pattern":{"cmd":"test.counted"},"data":"${SECRET}`, '","id":"7"}'];
    const length = before.length + 1 + after.length;
    peer.write(Buffer.concat([Buffer.from(`${length}#${before}`), Buffer.of(0xff), Buffer.from(after)]));
    expect(await peer.answer()).toMatchObject({
      id: '7',
      err: { error: { code: 'invalid', outcome: 'not_accepted', faults: [{ path: '' }] } },
    });
    expect(await peer.ask({ pattern: ECHO, data: 1, id: '8' })).toMatchObject({ id: '8', response: 1 });
  });

  it.each([
    ['bad-16', JSON.stringify({ cmd: SECRET }), 'not_found'],
    ['bad-16', `"${SECRET}"`, 'not_found'],
    ['bad-16', '{}', 'not_found'],
    ['bad-16', 'null', 'invalid'],
    ['bad-16', `"{${SECRET}"`, 'not_found'],
    ['bad-17', nested(20_000), 'invalid'],
    ['bad-17', '{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000), 'invalid'],
    [
      'bad-17',
      JSON.stringify(Object.fromEntries([...SECRET.repeat(9)].map((c, at) => [c + at, at]))),
      'invalid',
    ],
    ['bad-18', '"__proto__"', 'not_found'],
    ['bad-18', '{"__proto__":{"cmd":"test.counted"}}', 'not_found'],
    ['bad-18', '{"cmd":"constructor"}', 'not_found'],
  ])('%s: refuses the pattern %.40s as %s', async (_, pattern, code) => {
    const peer = await start();
    const answer = await peer.ask(`{"pattern":${pattern},"data":"${SECRET}","id":"7"}`);
    expect(answer).toMatchObject({ id: '7', err: { error: { code, outcome: 'not_accepted' } } });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect(await rpc.errors(code)).toBe(1);
  });

  it.each([
    ['an object', { a: SECRET }],
    ['a list', [SECRET]],
    ['null', null],
    ['true', true],
    ['10 KB long', SECRET.repeat(1_700)],
  ])('bad-19: refuses an id that is %s, without an echo', async (_, id) => {
    const peer = await start();
    const answer = await peer.ask({ pattern: { cmd: 'test.counted' }, data: 1, id });
    expect(answer).toMatchObject({
      id: null,
      err: { error: { code: 'invalid', faults: [{ path: '/id' }] } },
    });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
  });

  it('bad-21: refuses connection 501, and serves those that it has', async () => {
    const served = await start();
    await Promise.all(Array.from({ length: 499 }, () => rpc.peer()));
    const one = await rpc.peer();
    await one.untilClosed();
    expect(await rpc.refusals('too_many_connections')).toBe(1);
    expect(await served.ask({ pattern: ECHO, data: 1, id: '8' })).toMatchObject({ response: 1 });
  });

  it('bad-22: closes a peer that never reads at 4 MB unsent', async () => {
    const peer = await start();
    const { open, opened } = gate();
    const allBegun = gate();
    let begun = 0;
    rpc.handle({ cmd: 'test.large' }, () => {
      if (++begun === 20) allBegun.open();
      return opened.then(() => 'x'.repeat(900_000));
    });
    peer.socket.pause();
    const calls = Array.from({ length: 20 }, (_, at) =>
      RawPeer.frame({ pattern: { cmd: 'test.large' }, id: `${at}` }),
    );
    peer.write(calls.join(''));
    await within(allBegun.opened, 'the start of all calls');
    open();
    peer.socket.resume();
    await peer.untilClosed();
    expect(peer.unread).toBeLessThan(20);
    expect(await rpc.refusals('unsent_over_limit')).toBe(1);
  });

  it('bad-23: ends the call of a half-closed connection, and drops its reply', async () => {
    const peer = await start();
    const { open, opened } = gate();
    const begun = gate();
    const ended = gate();
    rpc.handle({ cmd: 'test.slow' }, async () => {
      begun.open();
      await opened;
      ended.open();
      return SECRET;
    });
    peer.write(RawPeer.frame({ pattern: { cmd: 'test.slow' }, id: '1' }));
    await within(begun.opened, 'the start of the call');
    peer.socket.end();
    await peer.untilClosed();
    expect(rpc.server.callsInFlight).toBe(1);
    open();
    await within(ended.opened, 'the end of the call');
    const other = await rpc.peer();
    await other.ask({ pattern: ECHO, data: 1, id: '1' });
    expect(rpc.server.callsInFlight).toBe(0);
    expect(peer.unread).toBe(0);
  });
});
