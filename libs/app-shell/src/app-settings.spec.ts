import { z } from 'zod';
import { booleanSetting, commonSettings, databaseSettings, integerSetting, ports } from './app-settings';
import { readSettings } from './env-reader';

const refuses = (schema: z.ZodObject, env: NodeJS.ProcessEnv, ...names: string[]) => {
  const all = names.join('[\\s\\S]*');
  expect(() => readSettings(schema, env)).toThrow(new RegExp(all));
};

describe(integerSetting.name, () => {
  const schema = z.object({ MS: integerSetting({ min: -5, max: 30_000 }) });

  it.each([
    ['-5', -5],
    ['0', 0],
    ['007', 7],
    ['30000', 30_000],
  ])('reads %s', (text, value) => expect(readSettings(schema, { MS: text })).toEqual({ MS: value }));

  it.each(['-6', '30001', '1.5', '1e3', '0x10', '1_000', ' 1', '1s', 'ten', '--1', 'NaN', 'Infinity'])(
    'refuses %j and says what it takes',
    (text) => refuses(schema, { MS: text }, 'write a whole number from -5 to 30000'),
  );
});

describe(booleanSetting.name, () => {
  const schema = z.object({ ON: booleanSetting(true), OFF: booleanSetting(false) });

  it('reads true and false, and has a default', () => {
    expect(readSettings(schema, {})).toEqual({ ON: true, OFF: false });
    expect(readSettings(schema, { ON: 'false', OFF: 'true' })).toEqual({ ON: false, OFF: true });
  });

  it.each(['1', '0', 'yes', 'no', 'on', 'enabled'])(
    'refuses %j: a typing error must not pass for a no',
    (text) => refuses(schema, { ON: text }, 'write true or false'),
  );
});

describe(ports.name, () => {
  it('has the ports of an app with its defaults', () => {
    const both = z.object(ports({ http: 4000, rpc: 4001 }));
    expect(readSettings(both, {})).toEqual({ HTTP_PORT: 4000, RPC_PORT: 4001 });
    expect(readSettings(both, { HTTP_PORT: '0', RPC_PORT: '65535' })).toEqual({
      HTTP_PORT: 0,
      RPC_PORT: 65535,
    });
    refuses(both, { HTTP_PORT: '-1', RPC_PORT: '65536' }, 'HTTP_PORT', 'RPC_PORT');
  });

  it('has no RPC port where the app serves none', () => {
    expect(readSettings(z.object(ports({ http: 4010 })), { RPC_PORT: '1' })).toEqual({ HTTP_PORT: 4010 });
  });
});

describe('the settings of every app', () => {
  it('listen on this machine alone by default', () => {
    expect(readSettings(commonSettings, {})).toEqual({
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      BIND_HOST: '127.0.0.1',
      INSECURE_RPC: false,
    });
  });

  it('name every wrong one', () => {
    refuses(
      commonSettings,
      { LOG_LEVEL: 'loud', LOG_FORMAT: 'xml', INSECURE_RPC: '1' },
      'LOG_LEVEL',
      'LOG_FORMAT',
      'INSECURE_RPC',
    );
  });
});

describe('the settings of an app with a database', () => {
  it('reach the embedded PostgreSQL by default, on the port that is set', () => {
    expect(readSettings(databaseSettings, {})).toMatchObject({
      DATABASE_URL: 'postgres://bus@127.0.0.1:54329/bus',
      DATABASE_POOL: 6,
    });
    expect(readSettings(databaseSettings, { EMBEDDED_POSTGRES_PORT: '6000' }).DATABASE_URL).toContain(
      ':6000/',
    );
  });

  it.each(['mysql://a/b', 'postgres://', 'localhost:5432', 'postgres://a b'])('refuse the URL %j', (url) => {
    expect(() => readSettings(databaseSettings, { DATABASE_URL: url })).toThrow(
      /^1 setting is wrong:\n {2}DATABASE_URL: write postgres:\/\/user:password@host:port\/database(?!.*given)/,
    );
  });

  it.each(['1', '101'])('refuse a pool of %s connections', (pool) =>
    refuses(databaseSettings, { DATABASE_POOL: pool }, 'DATABASE_POOL: write a whole number from 2 to 100'),
  );
});
