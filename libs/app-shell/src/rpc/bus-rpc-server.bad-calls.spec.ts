import { gate, within } from '../testing/eventually';
import { recordLog } from '../testing/record-log';
import { serveRpc, type RpcHandler, type ServedRpc } from '../testing/serve-rpc';
import { frame, rawFrame, type WirePeer } from '../testing/wire-peer';
import { BusRpcServer } from './bus-rpc-server';

jest.setTimeout(30_000);

/** Part of every bad input: it may show up in no answer and no log line. */
const SECRET = 's3cret';
/** Answers its data. */
const ECHO = { cmd: 'test.echo' };
const nested = (levels: number) => `${'['.repeat(levels)}"${SECRET}"${']'.repeat(levels)}`;

describe(`${BusRpcServer.name} and bad calls`, () => {
  const log = recordLog();
  let rpc: ServedRpc;
  let ran = 0;

  async function start(handlers: Record<string, RpcHandler> = {}): Promise<WirePeer> {
    rpc = await serveRpc({ 'test.echo': (data) => data, 'test.counted': () => (ran += 1), ...handlers });
    return rpc.peer();
  }

  beforeEach(() => {
    ran = 0;
    recordLog();
  });
  afterEach(() => {
    rpc.close();
    expect(ran).toBe(0);
    expect(log.text()).not.toContain(SECRET);
  });

  it('bad-13: refuses a call whose frame is not UTF-8, and keeps the connection', async () => {
    const peer = await start();
    const [before, after] = [`{"pattern":{"cmd":"test.counted"},"data":"${SECRET}`, '","id":"7"}'];
    const length = before.length + 1 + after.length;
    const bytes = Buffer.concat([Buffer.from(`${length}#${before}`), Buffer.of(0xff), Buffer.from(after)]);
    expect(await peer.answerTo(bytes)).toMatchObject({
      id: '7',
      err: { error: { code: 'invalid', outcome: 'not_accepted', faults: [{ path: '' }] } },
    });
    expect(await peer.call({ pattern: ECHO, data: 1, id: '8' })).toMatchObject({ id: '8', response: 1 });
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
    const answer = await peer.answerTo(rawFrame(`{"pattern":${pattern},"data":"${SECRET}","id":"7"}`));
    expect(answer).toMatchObject({ id: '7', err: { error: { code, outcome: 'not_accepted' } } });
    expect(JSON.stringify(answer)).not.toContain(SECRET);
    expect((await rpc.errors())[code]).toBe(1);
  });

  it.each([
    ['an object', { a: SECRET }],
    ['a list', [SECRET]],
    ['null', null],
    ['true', true],
    ['10 KB long', SECRET.repeat(1_700)],
  ])('bad-19: refuses an id that is %s, without an echo', async (_, id) => {
    const peer = await start();
    const answer = await peer.call({ pattern: { cmd: 'test.counted' }, data: 1, id });
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
    expect((await rpc.refusals())['too_many_connections']).toBe(1);
    expect(await served.call({ pattern: ECHO, data: 1, id: '8' })).toMatchObject({ response: 1 });
  });

  it('bad-22: closes a peer that never reads at 4 MB unsent', async () => {
    const { open, passed } = gate();
    const allBegun = gate();
    let begun = 0;
    const peer = await start({
      'test.large': () => {
        if (++begun === 20) allBegun.open();
        return passed.then(() => 'x'.repeat(900_000));
      },
    });
    peer.socket.pause();
    const calls = Array.from({ length: 20 }, (_, at) =>
      frame({ pattern: { cmd: 'test.large' }, id: `${at}` }),
    );
    peer.write(calls.join(''));
    await within(allBegun.passed, 'the start of all calls');
    open();
    peer.socket.resume();
    await peer.untilClosed();
    expect(peer.answers.length).toBeLessThan(20);
    expect((await rpc.refusals())['unsent_over_limit']).toBe(1);
  });

  it('bad-23: ends the call of a half-closed connection, and drops its reply', async () => {
    const { open, passed } = gate();
    const begun = gate();
    const ended = gate();
    const peer = await start({
      'test.slow': async () => {
        begun.open();
        await passed;
        ended.open();
        return SECRET;
      },
    });
    peer.write(frame({ pattern: { cmd: 'test.slow' }, id: '1' }));
    await within(begun.passed, 'the start of the call');
    peer.socket.end();
    await peer.untilClosed();
    expect(rpc.server.callsInFlight).toBe(1);
    open();
    await within(ended.passed, 'the end of the call');
    const other = await rpc.peer();
    await other.call({ pattern: ECHO, data: 1, id: '1' });
    expect(rpc.server.callsInFlight).toBe(0);
    expect(peer.answers.length).toBe(0);
  });
});
