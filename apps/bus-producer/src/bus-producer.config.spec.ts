import { SettingsError } from '@bus/app-shell';
import { readConfig } from './bus-producer.config';

describe(readConfig.name, () => {
  it('needs no setting: everything is on this machine', () => {
    expect(readConfig({})).toMatchObject({
      http: { port: 4000, host: '127.0.0.1' },
      rpc: { port: 4001, host: '127.0.0.1' },
      broker: { broker: 'postgres', clientId: 'bus-producer', partitions: 12 },
      store: { databaseUrl: 'postgres://bus@127.0.0.1:54329/bus', poolSize: 6 },
      publish: { refuseUnknownTypes: false },
    });
    expect(readConfig({ BUS_UNKNOWN_TYPES: 'refuse' }).publish.refuseUnknownTypes).toBe(true);
  });

  it('names all wrong settings at once', () => {
    const read = () => readConfig({ BUS_UNKNOWN_TYPES: 'maybe', HTTP_PORT: '-1', BIND_HOST: '0.0.0.0' });
    expect(read).toThrow(SettingsError);
    expect(read).toThrow(/HTTP_PORT[^]*BUS_UNKNOWN_TYPES/);
    expect(() => readConfig({ BIND_HOST: '0.0.0.0' })).toThrow(/INSECURE_RPC/);
  });
});
