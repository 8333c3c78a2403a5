import { createServer, type AddressInfo } from 'node:net';
import { kafkaClient } from './kafka-client';

describe('an idle connection of kafkajs', () => {
  it('sets no timers while nothing waits', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
    const client = kafkaClient({ brokers, clientId: 'spec', logger: () => undefined });
    const admin = client.admin();
    // The server never answers: the one request ends by its timeout, whose end looks for others.
    const asked = admin.connect().catch(() => undefined);
    const timers = jest.spyOn(global, 'setTimeout');
    await asked;
    const byQueue = timers.mock.calls.filter(([, ms]) => (ms ?? 0) < 0);
    timers.mockRestore();
    await admin.disconnect();
    server.close();
    expect(byQueue).toEqual([]);
  }, 60_000);
});
