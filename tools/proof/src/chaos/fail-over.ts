import { execFileSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from '../stage/stage';
import type { History } from './history';
import type { Nemesis } from './nemesis';

const BETWEEN_MS = 6_000;

/**
 * A lossy failover: a copy of PostgreSQL's data is taken (from a stopped server, so that it is whole), the bus goes on
 * for a while, then the server is killed and the copy takes its place. What was committed in between is gone.
 */
export async function failOver(
  stage: Stage,
  nemesis: Nemesis,
  history: History,
  signal: AbortSignal,
): Promise<void> {
  const { postgres } = stage;
  await pause(BETWEEN_MS, undefined, { signal });
  await nemesis.during('postgres.restart', 'postgres', postgres, async () => {
    await postgres.stop();
    execFileSync('cp', ['-a', postgres.dataDir, `${postgres.dataDir}.copy`]);
    await postgres.start();
  });
  history.fault('a copy of the data was taken');
  await pause(BETWEEN_MS, undefined, { signal });
  await nemesis.during('postgres.failover', 'postgres', postgres, async () => {
    await postgres.kill();
    rmSync(postgres.dataDir, { recursive: true, force: true });
    renameSync(`${postgres.dataDir}.copy`, postgres.dataDir);
    await postgres.start();
  });
}
