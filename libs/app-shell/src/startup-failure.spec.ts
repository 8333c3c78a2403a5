import { createServer, type Server } from 'node:net';
import { BusRpcClient } from './rpc/bus-rpc-client';
import { exitOnFailure } from './startup-failure';
import { startExampleProcess, type ExampleProcess } from './testing/example-process';
import { frame, rawFrame, WirePeer } from './testing/wire-peer';

const SECRET = 'secret-4711';

describe(exitOnFailure.name, () => {
  let app: ExampleProcess | undefined;
  let blocker: Server | undefined;

  afterEach(() => {
    app?.kill();
    blocker?.close();
  });

  it('gives what was started', async () => {
    expect(await exitOnFailure(() => Promise.resolve(7))).toBe(7);
  });

  it('prints every wrong setting at once, no stack, and exits 1', async () => {
    app = startExampleProcess({ LOG_LEVEL: 'loud', HTTP_PORT: '70000', RPC_PORT: '-1' });
    expect((await app.ended).code).toBe(1);
    expect(app.errors()).toMatch(
      /^did not start: 3 settings are wrong:\n {2}LOG_LEVEL: .*\n {2}HTTP_PORT: .*\n {2}RPC_PORT: .*\n$/,
    );
    expect(app.output()).toBe('');
  });

  it('prints which port is in use, no stack, and exits 1', async () => {
    const blocking = (blocker = createServer());
    await new Promise<void>((resolve) => blocking.listen(0, '127.0.0.1', resolve));
    const { port } = blocking.address() as { port: number };
    app = startExampleProcess({ RPC_PORT: String(port) });
    expect((await app.ended).code).toBe(1);
    expect(app.errors()).toBe(
      `did not start: port ${port} of 127.0.0.1 is in use; stop what listens there, or set RPC_PORT to a free one\n`,
    );
  });

  it('prints where an error comes from that nobody foresaw', async () => {
    app = startExampleProcess({ FAIL_TO_START: 'true' });
    expect((await app.ended).code).toBe(1);
    expect(app.errors()).toMatch(/^did not start: Error: the start failed\n\s+at .*example-main/);
  });
});

describe('the log of an app', () => {
  it('holds no payload, no header, no path and no id of a caller, whatever fails', async () => {
    const app = startExampleProcess({ LOG_LEVEL: 'trace' });
    const [url, port] = [await app.url(), await app.rpcPort()];
    const headers = { 'content-type': 'application/json', authorization: SECRET, cookie: SECRET };
    const post = (body: string) => fetch(`${url}/echo?q=${SECRET}`, { method: 'POST', headers, body });
    await post(`{"a":"${SECRET}"}`);
    await post(`{"a":${SECRET}}`);
    await post(`"${SECRET}${'x'.repeat(2 * 1024 * 1024)}"`).catch(() => undefined);
    for (const path of [`items/${SECRET}`, `items/broken?q=${SECRET}`, SECRET])
      await fetch(`${url}/${path}`, { headers });
    const client = new BusRpcClient({ host: '127.0.0.1', port });
    for (const cmd of ['echo', 'broken', 'refused', SECRET])
      await client.call({ cmd }, SECRET, { timeoutMs: 30_000 });
    client.close();
    for (const bytes of [rawFrame(`{"a":${SECRET}}`), frame(SECRET), SECRET, `9${SECRET}`]) {
      const peer = await WirePeer.to(port);
      peer.write(bytes);
      await peer.untilClosed();
    }
    const peer = await WirePeer.to(port);
    peer.write(frame({ pattern: SECRET, data: SECRET }));
    await peer.call({ pattern: { cmd: 'echo' }, data: SECRET, id: { secret: SECRET } });
    peer.destroy();
    app.signal('SIGTERM');
    expect((await app.ended).code).toBe(0);
    const seen = app.output() + app.errors();
    // The log is there: what failed is in it.
    expect(seen).toContain('a query failed');
    expect(seen).toContain('an HTTP request failed');
    expect(seen).toContain('an RPC frame or connection was refused');
    expect(seen).not.toContain(SECRET);
    expect(app.lines()[0]).toMatchObject({ app: 'example', level: 'info' });
  });
});
