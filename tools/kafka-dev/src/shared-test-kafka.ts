import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isRunning } from '@bus/embedded-postgres';
import { startKafka } from './start-kafka';
import {
  STATE_FILE,
  STATE_PREFIX,
  sharedKafkaDirectory,
  sharedKafkaState,
  stopSharedTestKafka,
} from './stop-shared-test-kafka';

const WAIT_MS = 120_000;
const LOOK_EVERY_MS = 100;

/** The Kafka that all spec files of one Jest run share: the first caller starts it, the global teardown stops it.
 *  Use a topic and a group of one's own. With `TEST_KAFKA_BROKERS` set (a Kafka of one's own) nothing is started.
 *  @throws Error where Java or Maven is missing, or the caller that starts it failed */
export async function sharedTestKafka(): Promise<{ brokers: string }> {
  if (process.env.TEST_KAFKA_BROKERS) return { brokers: process.env.TEST_KAFKA_BROKERS };
  const runPid = Number(process.env.TEST_RUN_PID);
  if (!runPid) throw new Error('TEST_RUN_PID is unset; run this through Jest with jest.preset.js');
  const directory = sharedKafkaDirectory(runPid);
  return claimed(directory) ? start(directory) : waitFor(directory);
}

/** The directory is the lock: making it succeeds once. */
function claimed(directory: string): boolean {
  try {
    mkdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function start(directory: string): Promise<{ brokers: string }> {
  try {
    await clearLeftovers();
    const { brokers, pid } = await startKafka({ dataDir: join(directory, 'data') });
    record(directory, { brokers, pid });
    return { brokers };
  } catch (error) {
    record(directory, { failed: String(error) });
    throw error;
  }
}

function record(directory: string, state: object): void {
  writeFileSync(join(directory, 'state.new'), JSON.stringify(state));
  renameSync(join(directory, 'state.new'), join(directory, STATE_FILE));
}

async function waitFor(directory: string): Promise<{ brokers: string }> {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const state = sharedKafkaState(directory) as { brokers?: string; failed?: string } | undefined;
    if (state?.brokers) return { brokers: state.brokers };
    if (state?.failed) throw new Error(`The shared Kafka did not start: ${state.failed}`);
    if (performance.now() > deadline)
      throw new Error(`The shared Kafka was not ready within ${WAIT_MS / 1000} s`);
    await pause(LOOK_EVERY_MS);
  }
}

/** What killed runs left behind. */
async function clearLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const runPid = name.startsWith(STATE_PREFIX) ? Number(name.slice(STATE_PREFIX.length)) : Number.NaN;
    if (Number.isInteger(runPid) && !isRunning(runPid)) await stopSharedTestKafka(join(tmpdir(), name));
  }
}
