import { readFileSync } from 'node:fs';
import type { z } from 'zod';

/** What a setting's schema says beside its type: `z.string().meta({ secret: true })`. */
export interface SettingMeta {
  /** Never shown in an error or a log; also read from the file that `<NAME>_FILE` names. */
  secret?: boolean;
  /** Default that depends on other settings of the environment. */
  defaultFrom?: (env: NodeJS.ProcessEnv) => string;
}

export interface SettingFault {
  setting: string;
  /** As written; `null` where it is unset or secret. */
  given: string | null;
  message: string;
}

/** Every wrong setting at once, with what was given and what is expected. Secrets are not shown. */
export class SettingsError extends Error {
  constructor(readonly faults: readonly SettingFault[]) {
    super(
      [
        `${faults.length} ${faults.length === 1 ? 'setting is' : 'settings are'} wrong:`,
        ...faults.map((fault) => {
          const given = fault.given === null ? '' : ` (given: ${JSON.stringify(fault.given)})`;
          return `  ${fault.setting}: ${fault.message}${given}`;
        }),
      ].join('\n'),
    );
    this.name = 'SettingsError';
  }
}

/**
 * Typed settings from the environment. An empty text counts as unset; `<NAME>_FILE` is read for secrets.
 * @throws SettingsError that names all faults at once
 */
export function readSettings<S extends z.ZodObject>(
  schema: S,
  env: NodeJS.ProcessEnv = process.env,
): z.infer<S> {
  const faults: SettingFault[] = [];
  const input: Record<string, string | undefined> = {};
  for (const [name, field] of Object.entries(schema.shape)) {
    try {
      input[name] = givenValue(name, settingMeta(field), env);
    } catch (error) {
      faults.push({ setting: name, given: null, message: (error as Error).message });
    }
  }
  const result = schema.safeParse(input);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const name = String(issue.path[0] ?? '');
      if (!faults.some((fault) => fault.setting === name))
        faults.push(faultOf(name, issue.message, schema, input));
    }
  } else {
    const open = openBindFault(result.data);
    if (open) faults.push(open);
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return result.data as z.infer<S>;
}

/** The meta of a setting, looked for below `optional`, `default` and `pipe` wrappers too. */
export function settingMeta(field: unknown): SettingMeta {
  let schema = field as z.ZodType | undefined;
  const found: SettingMeta = {};
  while (schema) {
    const meta = schema.meta() as SettingMeta | undefined;
    found.secret ??= meta?.secret;
    found.defaultFrom ??= meta?.defaultFrom;
    const inner = schema.def as { innerType?: z.ZodType; in?: z.ZodType };
    schema = inner.innerType ?? inner.in;
  }
  return found;
}

/** True for the addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function givenValue(name: string, meta: SettingMeta, env: NodeJS.ProcessEnv): string | undefined {
  const value = env[name] === '' ? undefined : env[name];
  const file = meta.secret ? env[`${name}_FILE`] : undefined;
  if (file && value !== undefined) throw new Error(`set either ${name} or ${name}_FILE, not both`);
  if (file) {
    try {
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Error(`the file that ${name}_FILE names cannot be read (${code})`, { cause: error });
    }
  }
  return value ?? meta.defaultFrom?.(env);
}

function faultOf(
  name: string,
  message: string,
  schema: z.ZodObject,
  input: Record<string, string | undefined>,
): SettingFault {
  const field = schema.shape[name] as z.ZodType | undefined;
  const given = input[name];
  const shown = given === undefined || settingMeta(field).secret ? null : given;
  const text = given === undefined ? `set ${name}` : message;
  return {
    setting: name,
    given: shown,
    message: field?.description ? `${text}. ${field.description}` : text,
  };
}

/** Without TLS a port that others can reach needs a deliberate word. */
function openBindFault(settings: Record<string, unknown>): SettingFault | null {
  const host = settings['BIND_HOST'];
  if (typeof host !== 'string' || isLoopback(host) || settings['INSECURE_RPC'] !== false) return null;
  return {
    setting: 'BIND_HOST',
    given: host,
    message: 'off loopback the ports are open without TLS; bind to 127.0.0.1, or set INSECURE_RPC=true',
  };
}
