import { createServer, type AddressInfo } from 'node:net';
import { portsOf, requireFree } from './ports';

describe(portsOf, () => {
  it('lists the HTTP and the RPC port of each app with the variable that moves it', () => {
    const app = {
      name: 'bus-consumer',
      scope: 'bus' as const,
      httpPort: 4020,
      rpcPort: null,
      operationsFile: null,
    };
    expect(portsOf([app, { ...app, name: 'sms', httpPort: 4132, rpcPort: 4131 }])).toEqual([
      { port: 4020, owner: 'bus-consumer, HTTP', variable: 'BUS_CONSUMER_HTTP_PORT' },
      { port: 4132, owner: 'sms, HTTP', variable: 'SMS_HTTP_PORT' },
      { port: 4131, owner: 'sms, RPC', variable: 'SMS_RPC_PORT' },
    ]);
  });
});

describe(requireFree, () => {
  it('names the port that is taken, its app and the fix', async () => {
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(0, '127.0.0.1', done));
    const { port } = squatter.address() as AddressInfo;
    const needed = [{ port, owner: 'sms, RPC', variable: 'SMS_RPC_PORT' }];
    await expect(requireFree(needed)).rejects.toThrow(
      `${port} (sms, RPC): stop what listens there, or move it: SMS_RPC_PORT=`,
    );
    await new Promise((done) => squatter.close(done));
    await expect(requireFree(needed)).resolves.toBeUndefined();
  });
});
