import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MIGRATE_APP, buildApps, discoverApps, hashOfSources, runOnce } from '@bus/local-bus';

const SERVICE = join('dist', 'tools', 'proof-recorder');

/** Builds what the stage runs, the apps' production bundles and the proof's service; nothing where no source has
 *  changed.
 *  @returns the service's script, absolute  @throws Error with the last lines of the build */
export async function buildBundles(
  root: string,
  progress: (text: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const apps = [MIGRATE_APP, ...discoverApps(root, {}).map((app) => app.name)];
  if (await buildApps(root, apps, () => undefined, signal)) progress(`built ${apps.length} apps`);
  const script = join(root, SERVICE, 'main.js');
  const stamp = join(root, SERVICE, '.sources');
  const sources = createHash('sha256').update(hashOfSources(root)).update(ownSources()).digest('hex');
  if (existsSync(script) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources) return script;
  const rolldown = join(root, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  const config = join(root, 'tools', 'proof', 'rolldown.recorder.mjs');
  await runOnce('rolldown', [rolldown, '-c', config], process.env, root, signal);
  mkdirSync(join(root, SERVICE), { recursive: true });
  writeFileSync(stamp, sources);
  return script;
}

function ownSources(): string {
  const folder = join(__dirname, 'recorder');
  return readdirSync(folder)
    .sort()
    .map((file) => file + readFileSync(join(folder, file), 'utf8'))
    .join('\0');
}
