import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FaultProxy } from './fault-proxy';

describe(FaultProxy, () => {
  let server: Server;
  let proxy: FaultProxy;
  let port: number;
  const open: Socket[] = [];

  /** Says back what it hears. */
  beforeEach(async () => {
    server = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
    proxy = new FaultProxy('link', (server.address() as AddressInfo).port);
    port = await proxy.open();
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await proxy.close();
    await new Promise((done) => server.close(done));
  });

  async function joined(): Promise<Socket> {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    open.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  async function echoed(socket: Socket, text: string): Promise<string> {
    let heard = '';
    const whole = new Promise<string>((done) =>
      socket.on('data', (piece: Buffer) => {
        heard += piece.toString();
        if (heard.length >= text.length) done(heard);
      }),
    );
    socket.write(text);
    return whole;
  }

  const closed = (socket: Socket) => new Promise<void>((done) => socket.once('close', () => done()));

  it('passes everything on, in order, while it has no fault', async () => {
    const text = 'a line\n'.repeat(50_000);
    expect(await echoed(await joined(), text)).toBe(text);
  });

  it('keeps the order of what it delays at random', async () => {
    proxy.set({ latencyMs: 5, jitterMs: 20 });
    const socket = await joined();
    const text = Array.from({ length: 20 }, (_, at) => `${at};`).join('');
    const startedMs = performance.now();
    expect(await echoed(socket, text)).toBe(text);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(9);
  });

  it('lets through no more bytes per second than it is told', async () => {
    proxy.set({ bytesPerSecond: 100_000 });
    const startedMs = performance.now();
    await echoed(await joined(), 'x'.repeat(20_000));
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(350);
  });

  it('refuses new connections and keeps the old ones', async () => {
    const old = await joined();
    expect(await echoed(old, 'hello')).toBe('hello');
    proxy.set({ refuse: true });
    await closed(connect(port, '127.0.0.1').on('error', () => undefined));
    old.removeAllListeners('data');
    expect(await echoed(old, 'again')).toBe('again');
  });

  it('resets a connection once it has carried so many bytes', async () => {
    proxy.set({ cutAfterBytes: 100 });
    const socket = await joined();
    const end = closed(socket);
    socket.write('x'.repeat(200));
    await end;
  });

  it.each(['both', 'to-server', 'to-client'] as const)(
    'swallows what goes %s without a word, and resets that connection when healed',
    async (drop) => {
      const socket = await joined();
      proxy.set({ drop });
      let heard = 0;
      socket.on('data', () => (heard += 1));
      socket.write('lost');
      const other = await joined();
      // Another connection's way through the proxy is the signal that the first one's bytes have been read.
      await new Promise((done) => setImmediate(done));
      other.destroy();
      await new Promise((done) => setTimeout(done, 50));
      const end = closed(socket);
      proxy.heal();
      await end;
      expect(heard).toBe(0);
      const healed = await joined();
      expect(await echoed(healed, 'hello')).toBe('hello');
    },
  );

  it('resets what stands on request', async () => {
    const socket = await joined();
    expect(await echoed(socket, 'hello')).toBe('hello');
    const end = closed(socket);
    expect(proxy.reset()).toBe(1);
    await end;
  });
});
