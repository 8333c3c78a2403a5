import { readdirSync } from 'node:fs';
import { rssMbOf } from '../hostile/rss-mb-of';
import type { Stage } from '../stage/stage';
import type { Sample } from './slope-of';

/** What must not rise without end, by name: memory and open files of each process, size of each hot table. */
export class SoakSamples {
  readonly series = new Map<string, Sample[]>();

  constructor(private readonly stage: Stage) {}

  async take(atMs: number): Promise<void> {
    for (const { name, pid } of [...this.stage.producers, ...this.stage.consumers]) {
      this.add(`${name}: RSS, MB`, atMs, rssMbOf(pid));
      this.add(`${name}: open files`, atMs, openFilesOf(pid));
    }
    const { rows } = await this.stage.pool.query<{ name: string; mb: number }>(
      `select relname as name, pg_total_relation_size(oid) / 1048576.0::float8 as mb from pg_class
        where relnamespace = 'bus'::regnamespace and relname in ('in_flight', 'due', 'waiting', 'lane')`,
    );
    for (const { name, mb } of rows) this.add(`table ${name}: MB`, atMs, Number(mb));
  }

  private add(name: string, atMs: number, value: number | null): void {
    if (value === null) return;
    const series = this.series.get(name);
    if (series) series.push({ atMs, value });
    else this.series.set(name, [{ atMs, value }]);
  }
}

function openFilesOf(pid: number | undefined): number | null {
  try {
    return pid === undefined ? null : readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null; // it ended between two looks
  }
}
