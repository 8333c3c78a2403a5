import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** An app of this workspace that `npm start` runs as a process of its own. */
export interface LocalApp {
  /** Its Nx project and folder. */
  name: string;
  /** `bus`: a part of the bus; `consumer`: a service that reacts. */
  scope: 'bus' | 'consumer';
  httpPort: number;
  /** `null`: it answers no RPC. */
  rpcPort: number | null;
  /** `operations.yaml` of the service, where it has one. */
  operationsFile: string | null;
}

/** What this reads of a project.json. */
export interface ProjectFile {
  name: string;
  tags?: string[];
  targets?: Record<string, unknown>;
  /** The local defaults of its ports; equal to its settings' (house-rules compares them). */
  metadata?: { ports?: { http?: number; rpc?: number } };
}

/** Runs its migrations before all others, and ends: no app to keep up. */
export const MIGRATE_APP = 'bus-migrate';

/** Every app below `apps/`, by name. A new consumer app is found by its tags; nothing is listed here. */
export function discoverApps(root: string, env: NodeJS.ProcessEnv): LocalApp[] {
  return readdirSync(join(root, 'apps'))
    .map((folder) => join(root, 'apps', folder))
    .filter((folder) => existsSync(join(folder, 'project.json')))
    .flatMap((folder) => {
      const project = JSON.parse(readFileSync(join(folder, 'project.json'), 'utf8')) as ProjectFile;
      const operations = join(folder, 'operations.yaml');
      const app = toApp(project, env, existsSync(operations) ? operations : null);
      return app ? [app] : [];
    })
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** The app that a project file describes; `null` if it is none that stays up.
 *  @throws Error if it has no HTTP port, or the environment gives one that is none */
export function toApp(
  project: ProjectFile,
  env: NodeJS.ProcessEnv,
  operationsFile: string | null,
): LocalApp | null {
  const tags = project.tags ?? [];
  if (!tags.includes('layer:app') || !project.targets?.['serve'] || project.name === MIGRATE_APP) return null;
  const { http, rpc } = project.metadata?.ports ?? {};
  if (!http) {
    throw new Error(`apps/${project.name}/project.json lacks "metadata": { "ports": { "http": … } }`);
  }
  return {
    name: project.name,
    scope: tags.includes('scope:bus') ? 'bus' : 'consumer',
    httpPort: portOf(portVariable(project.name, 'HTTP'), http, env),
    rpcPort: rpc ? portOf(portVariable(project.name, 'RPC'), rpc, env) : null,
    operationsFile,
  };
}

/** The variable that moves one app's port: `HTTP_PORT` alone would move all to the same. */
export function portVariable(app: string, kind: 'HTTP' | 'RPC'): string {
  return `${app.toUpperCase().replaceAll('-', '_')}_${kind}_PORT`;
}

function portOf(variable: string, preset: number, env: NodeJS.ProcessEnv): number {
  const given = env[variable];
  if (!given) return preset;
  const port = Number(given);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable}=${given} is no port (1 to 65535)`);
  }
  return port;
}
