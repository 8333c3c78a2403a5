import { createServer, type AddressInfo, type Server } from 'node:net';
import { createServer as createHttpServer } from 'node:http';
import { waitUntilReady } from './readiness';

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
}

describe(waitUntilReady, () => {
  it('waits while the app answers 503', async () => {
    let asked = 0;
    const server = createHttpServer((_, reply) => reply.writeHead(++asked < 3 ? 503 : 200).end());
    await waitUntilReady(await listening(server), 30_000);
    expect(asked).toBe(3);
    server.close();
  });

  it('tells the last answer when the time is up', async () => {
    const server = createHttpServer((_, reply) => reply.writeHead(503).end('database: down'));
    await expect(waitUntilReady(await listening(server), 150)).rejects.toThrow('503 database: down');
    server.close();
  });

  it('tells that nothing listens', async () => {
    const server = createServer();
    const port = await listening(server);
    await new Promise((done) => server.close(done));
    await expect(waitUntilReady(port, 50)).rejects.toThrow('ECONNREFUSED');
  });

  it('ends at once when it is called off', async () => {
    await expect(waitUntilReady(1, 30_000, AbortSignal.abort(new Error('stopped')))).rejects.toThrow(
      'stopped',
    );
  });
});
