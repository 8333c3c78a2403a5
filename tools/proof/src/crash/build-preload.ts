import { execFile } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const ROOT = resolve(__dirname, '../../../..');

/**
 * Makes one CommonJS file of `preload/`, for `node --require`: production bundles know no TypeScript.
 * @returns its path
 */
export async function buildPreload(outDir: string): Promise<string> {
  const file = join(outDir, 'crash-points.cjs');
  const rolldown = join(dirname(require.resolve('rolldown/package.json', { paths: [ROOT] })), 'bin/cli.mjs');
  const main = join(__dirname, 'preload/main.ts');
  const options = ['--format', 'cjs', '--platform', 'node', '--tsconfig', join(ROOT, 'tsconfig.base.json')];
  await promisify(execFile)(process.execPath, [rolldown, main, '--file', file, ...options], { cwd: ROOT });
  return file;
}
