import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { join } from 'node:path';

const SHARED = ['package-lock.json', 'tsconfig.base.json', 'rolldown.config.mjs', 'nx.json'];
const KEPT_LINES = 60;

/** Where an app's build lies, below the root. */
export function scriptOf(app: string): string {
  return join('dist', 'apps', app, 'main.js');
}

/** Builds the apps through Nx; nothing at all where no source has changed since the last time (Nx alone
 *  takes two seconds to find that out).
 *  @param tell gets the name of each app when it is built
 *  @returns whether anything was to do
 *  @throws Error with the last lines of the build's output */
export async function buildApps(
  root: string,
  apps: readonly string[],
  tell: (progress: string) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const stamp = join(root, 'dist', '.sources');
  const sources = hashOfSources(root);
  const all = apps.every((app) => existsSync(join(root, scriptOf(app))));
  if (all && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return false;
  await runNx(root, apps, tell, signal);
  mkdirSync(join(root, 'dist'), { recursive: true });
  writeFileSync(stamp, sources);
  return true;
}

/** Changes when a file changes that a build may read. */
export function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  const folders = ['apps', 'libs'].flatMap((kind) =>
    readdirSync(join(root, kind)).map((project) => join(kind, project, 'src')),
  );
  for (const file of [...SHARED, ...folders.flatMap((folder) => filesBelow(root, folder))]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function filesBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

async function runNx(
  root: string,
  apps: readonly string[],
  tell: (progress: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const nx = join(root, 'node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const args = ['run-many', '-t', 'build', '-p', apps.join(','), '--outputStyle=stream'];
  const child = spawn(process.execPath, [nx, ...args], {
    cwd: root,
    signal,
    env: {
      ...process.env,
      NX_DAEMON: 'false',
      NX_NO_CLOUD: 'true',
      NX_TUI: 'false',
      NO_COLOR: '1',
      FORCE_COLOR: '0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const last: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      const [, app] = /nx run ([\w-]+):build/.exec(line) ?? [];
      if (app) tell(app);
    });
  }
  const code = await new Promise((done, fail) => child.once('close', done).once('error', fail));
  if (code !== 0) throw new Error(`The build failed:\n${last.join('\n')}`);
}
