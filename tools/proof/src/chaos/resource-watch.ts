import { readFileSync } from 'node:fs';
import type { ResourceSample } from '../checker/evidence';
import type { Stage } from '../stage/stage';

const EVERY_MS = 1_000;

/** Samples memory of every app from /proc, and connections of each kind of app from pg_stat_activity. */
export class ResourceWatch {
  readonly samples: ResourceSample[] = [];
  private readonly timer: NodeJS.Timeout;
  private asking = false;

  constructor(private readonly stage: Stage) {
    this.timer = setInterval(() => void this.sample(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private async sample(): Promise<void> {
    for (const { name, pid, startedAtMs } of this.stage.processes) {
      const rssMb = pid === undefined ? null : rssOf(pid);
      if (rssMb !== null)
        this.samples.push({ process: name, upMs: Math.round(performance.now() - startedAtMs), rssMb });
    }
    if (this.asking) return;
    this.asking = true;
    const kinds = await this.stage.pool
      .query<{ name: string; count: number }>(
        `select application_name as name, count(*)::int as count from pg_stat_activity
          where backend_type = 'client backend' and application_name like 'bus-%' group by 1`,
      )
      .then(({ rows }) => rows)
      .catch(() => []); // away
    this.asking = false;
    for (const { name, count } of kinds)
      this.samples.push({ process: `all of ${name}`, upMs: 0, rssMb: 0, connections: count });
  }
}

/** `null`: it has just ended. */
function rssOf(pid: number): number | null {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Math.round(Number(found[1]) / 1024) : null;
  } catch {
    return null;
  }
}
