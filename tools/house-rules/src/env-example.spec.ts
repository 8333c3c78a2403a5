import { z } from 'zod';
import { descriptionFaults, envExample, presetOf } from './env-example';

const level = z.enum(['info', 'warn']).default('info').describe('Least severe log line');
const port = (preset: number) => z.coerce.number().default(preset).describe('TCP port of HTTP');
const secret = z.string().optional().describe('Access key').meta({ secret: true });

describe(envExample, () => {
  const points = { app: 'points', schema: z.object({ LOG_LEVEL: level, HTTP_PORT: port(4102) }) };
  const sms = { app: 'sms', schema: z.object({ LOG_LEVEL: level, HTTP_PORT: port(4132), KEY: secret }) };
  const text = envExample([points, sms], [{ name: 'SMS_HOST', preset: '127.0.0.1' }]);

  it('writes a shared setting once, with its default', () => {
    expect(text).toContain('## every app\n\n# Least severe log line\n# LOG_LEVEL=info\n');
  });

  it("names each app's default where they differ", () => {
    expect(text).toContain('# TCP port of HTTP\n# Defaults: points 4102, sms 4132.\n# HTTP_PORT=\n');
  });

  it('puts a setting of one app under its name, and marks a secret', () => {
    expect(text).toContain('## sms\n\n# Access key. Secret.\n# Default: unset.\n# KEY=\n');
  });

  it('lists what the operations files resolve', () => {
    expect(text).toMatch(/services are\n# SMS_HOST=127.0.0.1\n$/);
  });
});

describe(descriptionFaults, () => {
  it('wants a description, and the unit of a time', () => {
    const schema = z.object({
      A: z.string(),
      B_MS: z.number().describe('How long'),
      C_MS: z.number().describe('Milliseconds'),
    });
    expect(descriptionFaults([{ app: 'points', schema }])).toEqual([
      'A has no description',
      'B_MS does not say its unit: milliseconds',
    ]);
  });
});

describe(presetOf, () => {
  it('finds a default below wrappers, and one that depends on the environment', () => {
    expect(presetOf(port(1).optional())).toBe('1');
    expect(presetOf(z.stringbool().default(false))).toBe('false');
    expect(presetOf(z.string().meta({ defaultFrom: () => 'postgres://there' }))).toBe('postgres://there');
    expect(presetOf(z.string().optional())).toBeNull();
  });
});
