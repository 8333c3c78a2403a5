import { serveRpc } from '../testing/serve-rpc';
import { BusRpcClient } from './bus-rpc-client';

const ECHO = { cmd: 'test.echo' };
const LARGE = 'x'.repeat(900_000);

describe(`${BusRpcClient.name} before its connection stands`, () => {
  it('refuses unsent what the first write could not take, and loses none of the rest', async () => {
    const rpc = await serveRpc({ 'test.echo': (data) => (data as string).length });
    const client = new BusRpcClient({ host: '127.0.0.1', port: rpc.port });
    try {
      const calls = Array.from({ length: 6 }, () => client.call<number>(ECHO, LARGE, { timeoutMs: 0 }));
      const outcomes = (await Promise.all(calls)).map(({ outcome }) => outcome);
      expect(outcomes[0]).toBe('reply');
      expect(new Set(outcomes)).toEqual(new Set(['reply', 'unsent']));
    } finally {
      client.close();
      rpc.close();
    }
  });
});
