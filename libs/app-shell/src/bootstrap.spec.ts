import { createServer, type Server } from 'node:net';
import { Module } from '@nestjs/common';
import { rpcPortOf, startApp } from './bootstrap';
import { HealthChecks } from './health/health-checks';
import { BusRpcClient } from './rpc/bus-rpc-client';
import { ShellModule } from './shell.module';
import { StartupError } from './startup-failure';
import { closing, ExampleModule, exampleOptions, startExample } from './testing/shell-app';

const PATIENT = { timeoutMs: 30_000 };
const LOOPBACK = '127.0.0.1';

describe(startApp.name, () => {
  it('serves HTTP, RPC, health and metrics on free ports', async () => {
    const { app, url } = await startExample();
    const client = new BusRpcClient({ host: LOOPBACK, port: rpcPortOf(app) });
    expect(await (await fetch(`${url}/items/7`)).json()).toMatchObject({ id: '7' });
    expect(await client.call({ cmd: 'echo' }, { a: 1 }, PATIENT)).toEqual({
      outcome: 'reply',
      reply: { a: 1 },
    });
    for (const probe of ['live', 'ready', 'startup'])
      expect((await fetch(`${url}/health/${probe}`)).status).toBe(200);
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    client.close();
    await app.close();
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });

  it('answers errors in one shape over both', async () => {
    const { app, url } = await startExample();
    const client = new BusRpcClient({ host: LOOPBACK, port: rpcPortOf(app) });
    const failed = {
      error: {
        code: 'internal',
        message: 'Something failed here; see the log.',
        outcome: 'unknown',
        faults: [],
      },
    };
    expect(await (await fetch(`${url}/items/broken`)).json()).toEqual(failed);
    expect(await client.call({ cmd: 'broken' }, 'x', PATIENT)).toEqual({ outcome: 'error', error: failed });
    expect(await (await fetch(`${url}/items/refused`)).json()).toEqual({
      error: {
        code: 'conflict',
        message: 'No.',
        outcome: 'not_accepted',
        faults: [{ path: '/id', message: 'is taken' }],
      },
    });
    expect(await client.call({ cmd: 'refused' }, 'x', PATIENT)).toEqual({
      outcome: 'error',
      error: { error: { code: 'unavailable', message: 'Away.', outcome: 'unknown', faults: [] } },
    });
    client.close();
    await app.close();
  });

  it('says nothing of what it runs on, and forbids what browsers need not do', async () => {
    const { app, url } = await startExample({ rpc: undefined });
    const { headers } = await fetch(`${url}/items/7`, { headers: { origin: 'http://example.org' } });
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
    await app.close();
  });

  it('has a port for RPC only where it serves it', async () => {
    const { app } = await startExample({ rpc: undefined });
    expect(() => rpcPortOf(app)).toThrow('give bootstrap the option rpc');
    await app.close();
  });

  it('is configured before it listens, and is ready only then', async () => {
    const seen: unknown[] = [];
    const { app } = await startExample({
      configure: async (configured) => {
        await Promise.resolve();
        seen.push(configured.getHttpServer().listening, configured.get(HealthChecks).started);
      },
    });
    expect(seen).toEqual([false, false]);
    expect(app.get(HealthChecks).started).toBe(true);
    await app.close();
  });

  it('refuses a second shell in its modules', async () => {
    @Module({ imports: [ShellModule.forRoot({ name: 'again', logLevel: 'silent' }), ExampleModule] })
    class TwiceModule {}
    await expect(startApp(exampleOptions({ module: TwiceModule }))).rejects.toThrow(
      'ShellModule is imported twice',
    );
  });
});

describe(`${startApp.name}: where it cannot start`, () => {
  let blocker: Server;
  let port: number;
  let closed: number;

  beforeEach(async () => {
    closed = 0;
    closing.run = async () => void closed++;
    blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, LOOPBACK, resolve));
    ({ port } = blocker.address() as { port: number });
  });
  afterEach(() => {
    closing.run = () => Promise.resolve();
    blocker.close();
  });

  const faultOf = async (over: Parameters<typeof exampleOptions>[0]) => {
    const fault = await startApp(exampleOptions(over)).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(StartupError);
    expect(closed).toBe(1);
    return (fault as StartupError).message;
  };

  it('names the port that is in use, and the setting', async () => {
    const fix = `port ${port} of 127.0.0.1 is in use; stop what listens there, or set`;
    expect(await faultOf({ http: { port, host: LOOPBACK } })).toBe(`${fix} HTTP_PORT to a free one`);
    closed = 0;
    expect(await faultOf({ rpc: { port, host: LOOPBACK } })).toBe(`${fix} RPC_PORT to a free one`);
  });

  it("names the address that is not this machine's", async () => {
    // TEST-NET-1, RFC 5737: nobody's.
    expect(await faultOf({ http: { port: 0, host: '192.0.2.1' } })).toMatch(
      /192\.0\.2\.1 is not this machine's; set BIND_HOST/,
    );
  });

  it('leaves nothing open, and tells what failed as it is', async () => {
    let url = '';
    let begun: { close(): Promise<void> } | undefined;
    const fault = startApp(
      exampleOptions({
        configure: async (app) => {
          begun = app;
          await app.listen(0, LOOPBACK);
          url = await app.getUrl();
          throw new Error('the page is missing');
        },
      }),
    );
    await expect(fault).rejects.toThrow('the page is missing');
    const answer = await fetch(url).catch(() => 'closed');
    if (answer !== 'closed') await begun?.close();
    expect([answer, closed]).toEqual(['closed', 1]);
  });
});
