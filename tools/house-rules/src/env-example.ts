import type { ZodObject, ZodType } from 'zod';

/** One app's settings. */
export interface AppSettings {
  app: string;
  schema: ZodObject;
}

/** A name that `operations.yaml` files resolve: `${NAME:-default}`. */
export interface EndpointName {
  name: string;
  preset: string;
}

interface Setting {
  name: string;
  description: string;
  /** App → default as it would be written; `null`: unset. */
  presets: Map<string, string | null>;
}

const HEADER = `# Every setting, with its unit and default; docs/architecture.md says where it is read.
# All lines are commented out: what is unset has the default that stands here.
# Settings marked "secret" are also read from the file that <NAME>_FILE names.
# \`npm start\` moves the ports of one app by <APP>_HTTP_PORT and <APP>_RPC_PORT: POINTS_RPC_PORT=5101.
# Written by \`npm run env-example\` from the apps' settings; house-rules compares the two.
`;

/** The text of `.env.example`: all settings of all apps, each once. */
export function envExample(apps: readonly AppSettings[], endpoints: readonly EndpointName[]): string {
  const settings = collect(apps);
  const serving = apps.filter(({ schema }) => 'HTTP_PORT' in schema.shape).length || apps.length;
  const shared = settings.filter(({ presets }) => presets.size >= serving);
  const some = settings.filter(({ presets }) => presets.size < serving && presets.size > 1);
  const single = apps.map(({ app }) => ({
    title: app,
    settings: settings.filter(({ presets }) => presets.size === 1 && presets.has(app)),
  }));
  const groups = [
    { title: 'every app', settings: shared },
    { title: 'several apps', settings: some },
    ...single,
  ].filter((group) => group.settings.length > 0);
  const parts = groups.map(({ title, settings: ofGroup }) =>
    [`## ${title}`, ...ofGroup.map((setting) => paragraph(setting, serving))].join('\n\n'),
  );
  return (
    `${[HEADER, ...parts, ...endpointPart(endpoints)].join('\n')}`
      .replaceAll('\n## ', '\n\n## ')
      .replaceAll(/\n{3,}/g, '\n\n')
      .trimEnd() + '\n'
  );
}

/** What is missing from the settings' descriptions: an operator has nothing else to go by. */
export function descriptionFaults(apps: readonly AppSettings[]): string[] {
  return collect(apps).flatMap(({ name, description }) => {
    if (!description) return [`${name} has no description`];
    if (/_MS$/.test(name) && !/millisecond|\bms\b/i.test(description))
      return [`${name} does not say its unit: milliseconds`];
    if (/_BYTES$/.test(name) && !/byte|\bKB\b|\bMB\b/i.test(description))
      return [`${name} does not say its unit: bytes`];
    return [];
  });
}

/** The default of a setting as an environment would write it; `null` where it is unset by default. */
export function presetOf(field: ZodType): string | null {
  const { defaultFrom } = metaOf(field) as { defaultFrom?: (env: NodeJS.ProcessEnv) => string };
  if (defaultFrom) return defaultFrom({});
  for (let at: ZodType | undefined = field; at; at = innerOf(at)) {
    const { type, defaultValue } = at.def as unknown as { type: string; defaultValue?: unknown };
    if (type === 'default' || type === 'prefault') return String(defaultValue);
  }
  return null;
}

function collect(apps: readonly AppSettings[]): Setting[] {
  const found = new Map<string, Setting>();
  for (const { app, schema } of apps) {
    for (const [name, field] of Object.entries(schema.shape) as [string, ZodType][]) {
      const meta = metaOf(field) as { description?: string; secret?: boolean };
      const description = [meta.description, meta.secret ? 'Secret.' : '']
        .filter(Boolean)
        .join('. ')
        .replace('.. ', '. ');
      const setting = found.get(name) ?? { name, description, presets: new Map() };
      setting.presets.set(app, presetOf(field));
      found.set(name, setting);
    }
  }
  return [...found.values()];
}

function paragraph({ name, description, presets }: Setting, appCount: number): string {
  const values = new Set(presets.values());
  const apps =
    presets.size > 1 && presets.size < appCount ? `# Of: ${[...presets.keys()].join(', ')}.\n` : '';
  if (values.size > 1) {
    const list = [...presets].map(([app, preset]) => `${app} ${preset ?? 'unset'}`).join(', ');
    return `# ${description}\n# Defaults: ${list}.\n# ${name}=`;
  }
  const [preset] = values;
  const unset = preset === null ? '\n# Default: unset.' : '';
  return `# ${description}${unset}\n${apps}# ${name}=${preset ?? ''}`;
}

function endpointPart(endpoints: readonly EndpointName[]): string[] {
  if (endpoints.length === 0) return [];
  const names = new Map(endpoints.map(({ name, preset }) => [name, preset]));
  const lines = [...names].map(([name, preset]) => `# ${name}=${preset}`);
  return ['## where `npm run bus -- operations apply` says that the services are', ...lines];
}

/** Title, description and the rest, looked for below the wrappers. */
function metaOf(field: ZodType): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (let at: ZodType | undefined = field; at; at = innerOf(at)) {
    for (const [key, value] of Object.entries(at.meta() ?? {})) found[key] ??= value;
  }
  return found;
}

function innerOf(field: ZodType): ZodType | undefined {
  const { innerType, in: input } = field.def as unknown as { innerType?: ZodType; in?: ZodType };
  return innerType ?? input;
}
