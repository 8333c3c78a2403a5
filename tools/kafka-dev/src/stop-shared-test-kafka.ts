import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

// Jest's global teardown loads this file outside of its module resolver: Node's own modules only.

const STOP_DEADLINE_MS = 10_000;
export const STATE_PREFIX = 'omnibus-test-kafka-';
export const STATE_FILE = 'state.json';

export interface SharedKafkaState {
  brokers: string;
  pid: number;
}

/** The directory of the Kafka that all spec files of one Jest run share. @param runPid the run's main process */
export function sharedKafkaDirectory(runPid: number): string {
  return join(tmpdir(), `${STATE_PREFIX}${runPid}`);
}

/** Kills the Kafka that the specs of this run shared, if one was started, and removes its data.
 *  @param directory default: that of the run whose main process this is */
export async function stopSharedTestKafka(directory = sharedKafkaDirectory(process.pid)): Promise<void> {
  if (!existsSync(directory)) return;
  const pid = sharedKafkaState(directory)?.pid;
  if (pid !== undefined) await kill(pid);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

export function sharedKafkaState(directory: string): SharedKafkaState | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, STATE_FILE), 'utf8')) as SharedKafkaState;
  } catch {
    return undefined;
  }
}

/** Its data is thrown away, so nothing is gained by a slower end. */
async function kill(pid: number): Promise<void> {
  const deadline = performance.now() + STOP_DEADLINE_MS;
  try {
    process.kill(pid, 'SIGKILL');
    while (performance.now() < deadline) {
      process.kill(pid, 0);
      await pause(20);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
