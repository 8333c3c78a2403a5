import { join } from 'node:path';
import { runOnce } from '@bus/local-bus';
import { buildBundles } from '@bus/proof';
import { ROOT } from './root';

/** Builds the apps' production bundles and what the bench itself runs. */
export async function buildBench(progress: (text: string) => void, signal: AbortSignal): Promise<void> {
  progress('building');
  await buildBundles(ROOT, progress, signal);
  const rolldown = join(ROOT, 'node_modules', 'rolldown', 'bin', 'cli.mjs');
  const config = join(ROOT, 'tools', 'bench', 'rolldown.bench.mjs');
  await runOnce('rolldown', [rolldown, '-c', config], process.env, ROOT, signal);
}
