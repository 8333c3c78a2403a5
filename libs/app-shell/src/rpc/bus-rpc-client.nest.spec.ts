import { ClientTCP, ServerTCP } from '@nestjs/microservices';
import { firstValueFrom, of, throwError } from 'rxjs';
import { within } from '../testing/eventually';
import { recordLog } from '../testing/record-log';
import { serveRpc, type ServedRpc } from '../testing/serve-rpc';
import { BusRpcClient } from './bus-rpc-client';
import { BusRpcServer } from './bus-rpc-server';

const VALUES = [
  { a: '你好 😀 \ufffd' },
  null,
  0,
  false,
  '',
  [1, [2]],
  'x'.repeat(400_000),
  '😀'.repeat(50_000),
];

beforeAll(() => void recordLog());

describe(`${BusRpcClient.name} with Nest's own server`, () => {
  let server: ServerTCP;
  let client: BusRpcClient;

  beforeAll(async () => {
    server = new ServerTCP({ host: '127.0.0.1', port: 0 });
    server.addHandler({ cmd: 'echo' }, async (data: unknown) => data);
    server.addHandler({ cmd: 'stream' }, async () => of('a', 'b'));
    server.addHandler({ cmd: 'fail' }, async () => throwError(() => ({ status: 'error', message: 'no' })));
    await new Promise<void>((resolve) => server.listen(() => resolve()));
    const { port } = server.unwrap<import('node:net').Server>().address() as { port: number };
    client = new BusRpcClient({ host: '127.0.0.1', port });
  });
  afterAll(() => {
    client.close();
    server.close();
  });

  const call = (cmd: string, data: unknown = null) =>
    within(client.call<unknown>({ cmd }, data, { timeoutMs: 30_000 }), 'the reply');

  it.each(VALUES)('is answered value %#', async (data) => {
    expect(await call('echo', data)).toEqual({ outcome: 'reply', reply: data });
  });

  it('is answered many calls at once', async () => {
    const replies = await Promise.all(Array.from({ length: 300 }, (_, at) => call('echo', `${at} 😀`)));
    expect(replies.map((reply) => 'reply' in reply && reply.reply)).toEqual(
      Array.from({ length: 300 }, (_, at) => `${at} 😀`),
    );
  });

  it('takes the first value of a stream', async () => {
    expect(await call('stream')).toEqual({ outcome: 'reply', reply: 'a' });
  });

  it('is told errors, an unknown pattern too', async () => {
    expect(await call('fail')).toEqual({ outcome: 'error', error: { status: 'error', message: 'no' } });
    expect((await call('nobody')).outcome).toBe('error');
  });
});

describe(`${BusRpcServer.name} with Nest's own client`, () => {
  let rpc: ServedRpc;
  let client: ClientTCP;

  beforeAll(async () => {
    rpc = await serveRpc({ echo: (data) => data, stream: () => of('a', 'b'), none: () => undefined });
    client = new ClientTCP({ host: '127.0.0.1', port: rpc.port });
    await client.connect();
  });
  afterAll(() => {
    client.close();
    rpc.close();
  });

  const call = (cmd: string, data: unknown = {}) =>
    within(firstValueFrom(client.send<unknown>({ cmd }, data), { defaultValue: 'no value' }), 'the reply');

  it.each(VALUES.filter((value) => value !== null))('answers value %#', async (data) => {
    expect(await call('echo', data)).toEqual(data);
  });

  it('answers many calls at once', async () => {
    const replies = await Promise.all(Array.from({ length: 300 }, (_, at) => call('echo', `${at} 😀`)));
    expect(replies).toEqual(Array.from({ length: 300 }, (_, at) => `${at} 😀`));
  });

  it('answers a stream by its last value, and completes', async () => {
    expect(await call('stream')).toBe('b');
  });

  it('completes without a value where a handler returns nothing', async () => {
    expect(await call('none')).toBe('no value');
  });

  it('answers errors as an object with a code', async () => {
    await expect(call('nobody')).rejects.toEqual({
      error: {
        code: 'not_found',
        message: 'This service has no handler for the pattern.',
        outcome: 'not_accepted',
        faults: [],
      },
    });
  });

  it('takes no events: their sender would never learn of a fault', async () => {
    await within(firstValueFrom(client.emit({ cmd: 'echo' }, 1), { defaultValue: null }), 'the event');
    expect(await call('echo', 'next')).toBe('next');
    expect(await rpc.refusals()).toEqual({ no_id: 1 });
  });
});
