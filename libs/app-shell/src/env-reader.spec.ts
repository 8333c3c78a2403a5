import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { booleanSetting, commonSettings, databaseSettings, integerSetting } from './app-settings';
import { isLoopback, readSettings, SettingsError } from './env-reader';

const schema = z.object({
  NAME: z.string().describe('What it is called'),
  LIMIT: integerSetting({ min: 1, max: 9 }).default(5),
  TOKEN: z.string().min(3, 'write at least 3 characters').optional().meta({ secret: true }),
  ON: booleanSetting(false),
});

function faultsOf(env: NodeJS.ProcessEnv, of: z.ZodObject = schema): SettingsError {
  try {
    readSettings(of, env);
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return error as SettingsError;
  }
  throw new Error('the settings were taken');
}

describe(readSettings.name, () => {
  let dir: string;

  beforeAll(() => (dir = mkdtempSync(join(tmpdir(), 'settings-'))));
  afterAll(() => rmSync(dir, { recursive: true }));

  it('types what is set, and takes defaults for what is unset or empty', () => {
    expect(readSettings(schema, { NAME: 'a', LIMIT: '', ON: 'true', OTHER: 'x' })).toEqual({
      NAME: 'a',
      LIMIT: 5,
      ON: true,
    });
  });

  it('names all faults at once, with what was given and what is expected', () => {
    const error = faultsOf({ LIMIT: '10', ON: 'yes' });
    expect(error.faults).toMatchObject([
      { setting: 'NAME', given: null, message: 'set NAME. What it is called' },
      { setting: 'LIMIT', given: '10', message: 'write a whole number from 1 to 9' },
      { setting: 'ON', given: 'yes', message: 'write true or false' },
    ]);
    expect(error.message).toMatch(/^3 settings are wrong:\n/);
  });

  it('never shows a secret', () => {
    const error = faultsOf({ NAME: 'a', TOKEN: 'q7' });
    expect(error.faults).toMatchObject([{ setting: 'TOKEN', given: null }]);
    expect(error.message).not.toContain('q7');
  });

  it('reads a secret from the file that <NAME>_FILE names, without its last line break', () => {
    const file = join(dir, 'token');
    writeFileSync(file, ' a b \n');
    expect(readSettings(schema, { NAME: 'a', TOKEN_FILE: file })).toMatchObject({ TOKEN: ' a b ' });
  });

  it('reads no file for what is no secret', () => {
    expect(faultsOf({ NAME_FILE: join(dir, 'token') }).faults).toMatchObject([{ setting: 'NAME' }]);
  });

  it('refuses a secret that is given twice, and a file that is not there, beside other faults', () => {
    const error = faultsOf({ NAME: 'a', LIMIT: '0', TOKEN_FILE: join(dir, 'none') });
    expect(error.faults.map(({ setting }) => setting).sort()).toEqual(['LIMIT', 'TOKEN']);
    expect(error.message).toContain('the file that TOKEN_FILE names cannot be read (ENOENT)');
    expect(faultsOf({ NAME: 'a', TOKEN: 'abc', TOKEN_FILE: 'f' }).message).toContain('not both');
  });

  it('derives a default from other settings', () => {
    expect(readSettings(databaseSettings, { EMBEDDED_POSTGRES_PORT: '6000' })).toMatchObject({
      DATABASE_URL: 'postgres://bus@127.0.0.1:6000/bus',
      DATABASE_POOL: 6,
    });
  });

  it('refuses open ports without TLS, save where INSECURE_RPC says so', () => {
    expect(faultsOf({ BIND_HOST: '0.0.0.0' }, commonSettings).faults).toMatchObject([
      { setting: 'BIND_HOST', given: '0.0.0.0' },
    ]);
    const open = { BIND_HOST: '0.0.0.0', INSECURE_RPC: 'true' };
    expect(readSettings(commonSettings, open)).toMatchObject({ BIND_HOST: '0.0.0.0', LOG_LEVEL: 'info' });
  });

  it.each(['1.5', '1e1', ' 3', '0x3', 'NaN', '-1'])('takes %j for no whole number', (LIMIT) => {
    expect(faultsOf({ NAME: 'a', LIMIT }).faults).toMatchObject([{ setting: 'LIMIT', given: LIMIT }]);
  });
});

describe(isLoopback.name, () => {
  it.each(['localhost', '::1', '127.0.0.1', '127.1.2.3'])('knows %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', ''])('does not take %j for it', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
