import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const HOME = resolve(__dirname, '..');
const POM = join(HOME, 'pom.xml');
const DOWNLOAD_DEADLINE_MS = 300_000;

/** Where the jars of the pom as it stands are kept over runs: another pom, another directory. */
export function jarDirectory(): string {
  const version = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 12);
  return resolve(HOME, '../../.data/kafka-dev', `lib-${version}`);
}

export function jarsPresent(): boolean {
  return existsSync(jarDirectory());
}

/** Fetches the jars with Maven where they are absent (about 45 files, 45 MB): aside, then renamed, so that a
 *  process killed half-way leaves nothing that looks whole.
 *  @returns their directory   @throws Error with Maven's last lines */
export async function ensureJars(onProgress?: (line: string) => void): Promise<string> {
  const place = jarDirectory();
  if (existsSync(place)) return place;
  onProgress?.('fetching Apache Kafka with Maven (once)');
  const aside = `${place}.${process.pid}`;
  mkdirSync(dirname(place), { recursive: true });
  const goal = ['-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${aside}`];
  try {
    await promisify(execFile)('mvn', goal, { timeout: DOWNLOAD_DEADLINE_MS });
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true });
    const said = (cause as { stdout?: string }).stdout?.trim().split('\n').slice(0, 5).join('\n') ?? '';
    throw new Error(`Maven could not fetch Apache Kafka's jars:\n${said}`, { cause });
  }
  try {
    renameSync(aside, place);
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    if (!existsSync(place)) throw error; // a parallel fetch that won is as good
  }
  return place;
}
