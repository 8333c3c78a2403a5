import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(__dirname, '../../..');

/** Every file of the repository that is not ignored, as a path from the root with `/`, sorted. New files count before
 *  they are committed, deleted ones no more. */
export function filesOfTree(): string[] {
  const list = (...flags: string[]) =>
    execFileSync('git', ['ls-files', '-z', ...flags], { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 })
      .split('\0')
      .filter(Boolean);
  const deleted = new Set(list('--deleted'));
  return list('--cached', '--others', '--exclude-standard')
    .filter((file) => !deleted.has(file))
    .sort(); // git lists the new ones first: .env.example would change its order with the commit
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}
