import { recordLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { frame, type WirePeer } from '../testing/wire-peer';
import { BusRpcServer, type BusRpcServerOptions } from './bus-rpc-server';

jest.setTimeout(30_000);

/** Part of every bad input: it may show up in no answer and no log line. */
const SECRET = 's3cret';
/** Answers its data. */
const ECHO = { cmd: 'test.echo' };
const SOON = { incompleteMs: 20 };

describe(`${BusRpcServer.name} and bad frames`, () => {
  const log = recordLog();
  let rpc: ServedRpc;
  let ran = 0;

  async function start(options: Partial<BusRpcServerOptions> = {}): Promise<WirePeer> {
    rpc = await serveRpc({ 'test.echo': (data) => data, 'test.counted': () => (ran += 1) }, options);
    return rpc.peer();
  }

  /** The bytes end their connection without an answer, under this reason. */
  async function expectClosed(peer: WirePeer, bytes: string | Buffer, reason: string): Promise<void> {
    const answers = peer.answers.length;
    peer.write(bytes);
    await peer.untilClosed();
    expect(peer.answers).toHaveLength(answers);
    expect((await rpc.refusals())[reason]).toBe(1);
    expect(log.lines).toMatchObject([{ reason }]);
  }

  beforeEach(() => {
    ran = 0;
    recordLog();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    try {
      const good = await rpc.peer();
      expect(await good.call({ pattern: ECHO, data: 'good', id: '1' })).toMatchObject({ response: 'good' });
    } finally {
      rpc.close();
    }
    expect(ran).toBe(0);
    expect(log.text()).not.toContain(SECRET);
  });

  it('bad-04: closes a connection whose bytes hold no #', async () => {
    await expectClosed(await start(), SECRET.repeat(100), 'bad_length');
  });

  it('bad-04: closes a connection whose digits never end in a #', async () => {
    await expectClosed(await start(SOON), '12345', 'incomplete');
  });

  it.each([
    ['bad-05', `abc${SECRET}#{}`, 'bad_length'],
    ['bad-06', '-5#hello', 'bad_length'],
    ['bad-07', '1e9#{}', 'bad_length'],
    ['bad-07', '1000000000#{}', 'bad_length'],
    ['bad-08', '1048577#', 'too_long'],
    ['bad-12', `8#{${SECRET}}`, 'not_json'],
    ['bad-12', '0#', 'not_json'],
    ['bad-14', '4#null', 'not_an_object'],
    ['bad-14', '2#[]', 'not_an_object'],
    ['bad-14', `8#"${SECRET}"`, 'not_an_object'],
    ['bad-14', '1#7', 'not_an_object'],
  ])('%s: closes a connection that sends %j, as %s', async (_, bytes, reason) => {
    await expectClosed(await start(), bytes, reason);
  });

  it('bad-08: takes the length that it allows', async () => {
    const peer = await start({ maxFrameChars: 1_000 });
    const packet = { pattern: ECHO, data: 'x'.repeat(900), id: '1' };
    expect(await peer.call(packet)).toMatchObject({ response: packet.data });
    await expectClosed(peer, '1001#', 'too_long');
  });

  it('bad-09: closes a connection whose frame is shorter than its length', async () => {
    await expectClosed(await start(SOON), `100#{"a":"${SECRET}"}`, 'incomplete');
  });

  it('bad-10: closes a connection that sends a frame one byte at a time', async () => {
    const peer = await start({ frameDeadlineMs: 60 });
    peer.write('1000000#');
    const drip = setInterval(() => peer.write('1'), 2);
    await peer.untilClosed().finally(() => clearInterval(drip));
    expect((await rpc.refusals())['too_slow']).toBe(1);
  });

  it('bad-11: closes where a length counts the bytes of Chinese text, and logs what it should count', async () => {
    const text = JSON.stringify({ pattern: ECHO, data: `漢字${SECRET}`, id: '1' });
    await expectClosed(await start(SOON), `${Buffer.byteLength(text)}#${text}`, 'incomplete');
    expect(log.text()).toContain('UTF-16 units, not bytes');
  });

  it('bad-11: says so too where the next frame filled the gap', async () => {
    const text = JSON.stringify({ pattern: ECHO, data: '漢字', id: '1' });
    const faulty = `${Buffer.byteLength(text)}#${text}`;
    await expectClosed(await start(), faulty + faulty, 'not_json');
    expect(log.text()).toContain('UTF-16 units, not bytes');
  });

  it('bad-13: closes where the broken bytes hide the id', async () => {
    const bytes = Buffer.concat([Buffer.from('3#'), Buffer.of(0xff, 0xfe, 0xff), Buffer.from(' ')]);
    await expectClosed(await start(), bytes, 'not_json');
  });

  it('bad-15: runs no handler for a frame without an id, counts it, and keeps the connection', async () => {
    const peer = await start();
    peer.write(frame({ pattern: { cmd: 'test.counted' }, data: SECRET }));
    expect(await peer.call({ pattern: ECHO, data: 1, id: '8' })).toMatchObject({ id: '8', response: 1 });
    expect((await rpc.refusals())['no_id']).toBe(1);
  });

  it('bad-20: closes after 100 of 24,000 bad frames, and logs 10 lines of them', async () => {
    jest.spyOn(performance, 'now').mockReturnValue(0); // within one second, however slow the machine
    const peer = await start();
    peer.write(frame({ a: SECRET }).repeat(24_000));
    await peer.untilClosed();
    expect((await rpc.refusals())['no_id']).toBe(100);
    expect(log.lines).toHaveLength(10);
  });
});
