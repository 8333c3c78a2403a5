import { BusError } from '@bus/contracts';
import { of, throwError } from 'rxjs';
import { rawFrame, type WirePeer } from '../testing/wire-peer';
import { recordLog, type RecordedLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { currentTraceparent } from '../tracing/traceparent';
import { BusRpcServer } from './bus-rpc-server';

const SECRET = 'secret-4711';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

describe(BusRpcServer.name, () => {
  let log: RecordedLog;
  let rpc: ServedRpc;
  let peer: WirePeer;
  let ran: number;

  beforeAll(async () => {
    rpc = await serveRpc(
      {
        echo: (data) => (ran++, data),
        none: () => (ran++, undefined),
        stream: () => of(1, 2, 3),
        empty: () => of(),
        trace: () => Promise.resolve().then(currentTraceparent),
        refuse: () => {
          throw new BusError({ code: 'conflict', message: 'No.', faults: [{ path: '/a', message: 'b' }] });
        },
        refuseLater: () => throwError(() => new BusError({ code: 'conflict', message: 'No.' }).toAnswer()),
        fail: () => {
          throw new Error(`cannot read ${SECRET}`);
        },
        faults: (_, context) => context.getArgByIndex(2),
        huge: () => 'x'.repeat(1024 * 1024),
        circular: () => {
          const self: Record<string, unknown> = {};
          self['self'] = self;
          return self;
        },
      },
      {
        inspectFrame: (text) => (text.includes('fault') ? [{ path: '/data', message: 'is bad' }] : []),
        handsOnFaults: (pattern) => (pattern as { cmd?: unknown } | null)?.cmd === 'faults',
      },
    );
    peer = await rpc.peer();
  });
  beforeEach(() => {
    log = recordLog();
    ran = 0;
  });
  afterEach(async () => {
    // Whatever the input was, the connection serves on.
    expect(await peer.call(call('echo', 'next'))).toMatchObject({ response: 'next' });
  });
  afterAll(() => rpc.close());

  const call = (cmd: string, data: unknown = null, id: unknown = '1') => ({ pattern: { cmd }, data, id });
  const refusal = (code: string, ...paths: string[]) => ({
    error: {
      code,
      message: expect.any(String) as string,
      outcome: 'not_accepted',
      faults: paths.map((path) => ({ path, message: expect.any(String) as string })),
    },
  });

  it.each(['1', 'x'.repeat(128), 7, 0, ''])('answers a call with its id %j', async (id) => {
    expect(await peer.call(call('echo', { a: '你好 😀' }, id))).toEqual({
      id,
      response: { a: '你好 😀' },
      isDisposed: true,
    });
  });

  it.each([
    ['a stream by its last value', 'stream', 3],
    ['an empty stream by nothing', 'empty', undefined],
    ['a handler that returns nothing by nothing', 'none', undefined],
  ])('answers %s', async (_, cmd, response) => {
    expect((await peer.call(call(cmd))).response).toEqual(response);
  });

  it('takes the pattern in any order of keys, and as the JSON text that Nest clients of old send', async () => {
    rpc.server.addHandler({ b: 1, a: 2 }, async () => 'found');
    expect((await peer.call({ pattern: { a: 2, b: 1 }, id: '1' })).response).toBe('found');
    expect((await peer.call({ pattern: '{"b":1,"a":2}', id: '1' })).response).toBe('found');
  });

  it('survives a pattern that is deep within a text', async () => {
    const deep = JSON.stringify('{"a":'.repeat(20_000) + '1' + '}'.repeat(20_000));
    const answer = await peer.answerTo(rawFrame(`{"pattern":${deep},"id":"1"}`));
    expect(answer.err).toEqual(refusal('not_found'));
  });

  it('answers 400 to a frame without a pattern', async () => {
    expect((await peer.call({ data: 1, id: '1' })).err).toEqual(refusal('invalid', '/pattern'));
  });

  it('refuses unrun what the inspection of the text found, save where a handler judges by itself', async () => {
    expect((await peer.call(call('echo', 'fault'))).err).toEqual(refusal('invalid', '/data'));
    expect(ran).toBe(0);
    expect((await peer.call(call('faults', 'x'))).response).toEqual([{ path: '/data', message: 'is bad' }]);
  });

  it('answers what a handler refuses as it is', async () => {
    expect((await peer.call(call('refuse'))).err).toEqual(refusal('conflict', '/a'));
    expect((await peer.call(call('refuseLater'))).err).toEqual(refusal('conflict'));
    expect(log.lines).toEqual([]);
  });

  it.each(['fail', 'circular'])(
    'answers what failed within (%s) without its cause, and logs it',
    async (cmd) => {
      const { err } = await peer.call(call(cmd, SECRET));
      expect(err).toEqual({
        error: {
          code: 'internal',
          message: 'Something failed here; see the log.',
          outcome: 'unknown',
          faults: [],
        },
      });
      expect(log.lines).toMatchObject([{ level: 'error', err: { stack: expect.stringContaining(' at ') } }]);
    },
  );

  it('trap-37: answers unknown in place of a reply that is larger than a frame', async () => {
    expect((await peer.call(call('huge'))).err).toMatchObject({
      error: { code: 'internal', outcome: 'unknown' },
    });
  });

  it('runs a handler within the trace of its caller, and in a new one without', async () => {
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    expect((await peer.call(call('trace', { traceparent }))).response).toMatch(
      new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$`),
    );
    for (const data of [null, 7, {}, { traceparent: SECRET }, { traceparent: 7 }])
      expect((await peer.call(call('trace', data))).response).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('counts calls by pattern and errors by code', async () => {
    const [calls, errors] = [await rpc.served(), await rpc.errors()];
    await peer.call(call('refuse', SECRET));
    await peer.call(call(SECRET));
    expect((await rpc.served())['refuse']).toBe((calls['refuse'] ?? 0) + 1);
    expect(await rpc.served()).not.toHaveProperty(SECRET);
    expect(await rpc.errors()).toEqual({
      ...errors,
      conflict: (errors['conflict'] ?? 0) + 1,
      not_found: (errors['not_found'] ?? 0) + 1,
    });
  });

  it('answers calls of one connection in the order in which they end', async () => {
    const before = peer.answers.length;
    peer.write(
      ['a', 'b', 'c']
        .map((id) => JSON.stringify(call('echo', id, id)))
        .map(rawFrame)
        .join(''),
    );
    await peer.heardAnswers(before + 3);
    expect(peer.answers.slice(before).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });
});
