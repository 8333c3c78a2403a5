import { frame } from '../testing/wire-peer';
import { recordLog, type RecordedLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { eventually } from '../testing/eventually';
import { BusRpcServer } from './bus-rpc-server';

const SECRET = 'secret-4711';
const MINUTE_MS = 60_000;

describe(`${BusRpcServer.name}: broken frames`, () => {
  let log: RecordedLog;
  let ran: unknown[];
  let rpc: ServedRpc;

  /** A server whose other limit of time never ends a test. */
  const serve = async (options: Parameters<typeof serveRpc>[1] = {}) => {
    rpc = await serveRpc({ echo: (data) => (ran.push(data), data) }, options);
    return rpc;
  };
  const call = (id: unknown) => ({ pattern: { cmd: 'echo' }, data: SECRET, id });

  beforeEach(() => {
    log = recordLog();
    ran = [];
  });
  afterEach(async () => {
    expect(log.text()).not.toContain(SECRET);
    const next = await rpc.peer();
    expect(await next.call(call('next'))).toMatchObject({ id: 'next', response: SECRET });
    rpc.close();
  });

  it("trap-32: a byte now and then does not prolong a frame's deadline", async () => {
    await serve({ incompleteMs: MINUTE_MS, frameDeadlineMs: 60 });
    const peer = await rpc.peer();
    const bytes = setInterval(() => peer.write('1'), 5);
    peer.write('500#{"data":"');
    await peer.untilClosed().finally(() => clearInterval(bytes));
    await eventually(() => log.lines.length > 0, 'a log line');
    expect(Object.keys(await rpc.refusals())).toContain('too_slow');
  });

  it('trap-32: takes a frame of 1 MB by default, and not a character more', async () => {
    await serve();
    const empty = JSON.stringify({ ...call('1'), data: '' });
    const peer = await rpc.peer();
    const data = 'x'.repeat(1024 * 1024 - empty.length);
    // The answer, without the pattern, is shorter than the call.
    expect(await peer.call({ ...call('1'), data })).toMatchObject({ id: '1', response: data });
    peer.write(frame({ ...call('1'), data: `${data}x` }));
    await peer.untilClosed();
    expect(ran).toHaveLength(1);
  });

  it('trap-33: does not run a frame without an id, counts it, and goes on', async () => {
    await serve();
    const peer = await rpc.peer();
    peer.write(frame({ pattern: { cmd: 'echo' }, data: SECRET }));
    expect(await peer.call(call('1'))).toMatchObject({ id: '1', response: SECRET });
    expect(ran).toHaveLength(1);
    expect(peer.answers).toHaveLength(1);
    expect(await rpc.refusals()).toEqual({ no_id: 1 });
    expect(log.lines).toMatchObject([{ level: 'warn', reason: 'no_id', peer: '127.0.0.1' }]);
  });

  it('runs nothing of a peer behind the hundredth frame without an id, for which it is closed', async () => {
    await serve();
    const peer = await rpc.peer();
    peer.write('2#{}'.repeat(16_000) + frame(call('1')) + '2#{}'.repeat(8_000));
    await peer.untilClosed();
    await eventually(async () => (await rpc.refusals())['too_many_refused'] === 1, 'the refusal');
    expect(await rpc.refusals()).toEqual({ no_id: 100, too_many_refused: 1 });
    expect(ran).toEqual([]);
    expect(peer.answers).toEqual([]);
    expect(log.lines.length).toBeLessThanOrEqual(10);
  });

  it('logs at most ten lines of a peer that comes again and again', async () => {
    await serve();
    for (let at = 0; at < 40; at++) {
      const peer = await rpc.peer();
      peer.write('1#x');
      await peer.untilClosed();
    }
    await eventually(async () => (await rpc.refusals())['not_json'] === 40, '40 refusals');
    const perSecond = new Map<string, number>();
    for (const { time } of log.lines)
      perSecond.set(String(time).slice(0, 19), (perSecond.get(String(time).slice(0, 19)) ?? 0) + 1);
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(20);
    expect(log.lines.length).toBeLessThan(40);
  });
});
