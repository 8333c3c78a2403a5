import { BusRpcClient } from './rpc/bus-rpc-client';
import { stopApp, stopOnSignals } from './stop-on-signals';
import { eventually, within } from './testing/eventually';
import { startExampleProcess, type ExampleProcess } from './testing/example-process';
import { closing, startExample } from './testing/shell-app';
import { DrainState } from './health/drain-state';

const PATIENT = { timeoutMs: 60_000 };

describe(stopOnSignals.name, () => {
  let app: ExampleProcess;
  const messages = () => app.lines().map(({ msg, text }) => msg ?? text);
  const inFlight = async () => {
    const url = await app.url();
    const isHeld = async () => (await (await fetch(`${url}/metrics`)).text()).includes('bus_example_held 2');
    return eventually(isHeld, 'the calls');
  };

  beforeEach(() => {
    app = startExampleProcess();
  });
  afterEach(() => app.kill());

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: refuses what is new, ends what runs, closes, exits 0',
    async (signal) => {
      const url = await app.url();
      const client = new BusRpcClient({ host: '127.0.0.1', port: await app.rpcPort() });
      const calls = [
        client.call({ cmd: 'held' }, null, PATIENT),
        fetch(`${url}/held`).then((answer) => answer.text()),
      ];
      await inFlight();
      app.signal(signal);
      const ready = async () => (await fetch(`${url}/health/ready`)).status;
      await eventually(async () => (await ready()) === 503, 'not ready');
      expect((await fetch(`${url}/items/7`)).status).toBe(503);
      expect(await client.call({ cmd: 'echo' }, null, PATIENT)).toMatchObject({
        outcome: 'error',
        error: { error: { code: 'unavailable', outcome: 'not_accepted' } },
      });
      expect(messages()).not.toContain('drained');
      app.tell('release');
      expect(await within(Promise.all(calls), 'the answers')).toEqual([
        { outcome: 'reply', reply: 'released' },
        'released',
      ]);
      expect(await app.ended).toEqual({ code: 0, signal: null });
      expect(messages().slice(-3)).toEqual(['stopping', 'drained', 'stopped']);
      expect(app.lines().find(({ msg }) => msg === 'stopping')).toMatchObject({
        signal,
        context: 'Shutdown',
      });
      expect(app.lines().at(-1)).toMatchObject({ inTime: true, app: 'example' });
      client.close();
    },
  );

  it('ends at once at the second signal', async () => {
    const call = fetch(`${await app.url()}/held`).catch(() => 'gone');
    await eventually(
      async () => (await (await fetch(`${await app.url()}/metrics`)).text()).includes('bus_example_held 1'),
      'the call',
    );
    app.signal('SIGTERM');
    await eventually(() => messages().includes('stopping'), 'the stop');
    app.signal('SIGTERM');
    expect(await app.ended).toEqual({ code: 1, signal: null });
    expect(await call).toBe('gone');
  });

  it('exits 1 where the app does not close, and says why', async () => {
    await app.url();
    app.tell('refuse-to-close');
    app.signal('SIGTERM');
    expect((await app.ended).code).toBe(1);
    expect(app.lines().at(-1)).toMatchObject({ msg: 'did not stop cleanly', err: { message: 'is stuck' } });
  });

  it.each(['throw', 'reject'])('logs an error that nobody caught (%s) and exits 1', async (how) => {
    await app.url();
    app.tell(how);
    expect((await app.ended).code).toBe(1);
    expect(app.lines().at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'an error that nobody caught',
      err: { message: 'nobody caught this', stack: expect.stringContaining('example-main') },
    });
  });
});

describe(stopApp.name, () => {
  it('drains before it closes, and tells whether that was in time', async () => {
    const { app } = await startExample();
    const order: string[] = [];
    app.get(DrainState).onDrain('step', async () => void order.push('drain'));
    closing.run = async () => void order.push('close');
    expect(await within(stopApp(app), 'the stop')).toBe(true);
    expect(order).toEqual(['drain', 'close']);
  });
});
