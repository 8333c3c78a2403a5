import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { commandLineOf, endProcess, freePort, isRunning } from '@bus/embedded-postgres';
import { Kafka, logLevel } from 'kafkajs';
import { javaCommand, kafkaAvailable } from './java-tools';
import { ensureJars } from './kafka-jars';
import { serverProperties } from './server-properties';

const START_DEADLINE_MS = 60_000;
const STOP_GRACE_MS = 15_000;
const LOOK_EVERY_MS = 100;
const PORT_GRACE_MS = 3_000;
const QUIET = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
const SMALL_JVM = ['-Xms64m', '-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

export interface KafkaOptions {
  /** Kept over restarts. Default `.data/kafka` below the working directory. */
  dataDir?: string;
  /** For clients, on 127.0.0.1. Default: a free one. */
  port?: number;
  /** What clients are told to connect to, where a proxy stands before `port`. Default: `port`. */
  advertisedPort?: number;
  /** For its own controller, on 127.0.0.1. Default: a free one. */
  controllerPort?: number;
  /** Hears what takes long: the download, the format, the start. */
  onProgress?: (line: string) => void;
}

export interface RunningKafka {
  /** `host:port`, as `KAFKA_BROKERS` wants it. */
  brokers: string;
  pid: number;
  /** Ends it in good order (about 1 s); its data stays. */
  stop(): Promise<void>;
  /** SIGKILL, without waiting; its data stays as it is. */
  kill(): void;
}

/** Starts a real one-node Apache Kafka on 127.0.0.1, after fetching its jars and formatting its directory on first
 *  use. One that an earlier, killed process left on the same data is ended first. Its log is `<dataDir>/kafka.log`.
 *  Ready when it resolves: an admin client was answered (about 4 s).
 *  @throws Error if Java or Maven is missing, the data is in use by a live process, or it does not start; the
 *  message carries its last lines */
export async function startKafka(options: KafkaOptions = {}): Promise<RunningKafka> {
  const availability = kafkaAvailable();
  if (!availability.available)
    throw new Error(`Kafka cannot be started here: install ${availability.missing}`);
  const jars = await ensureJars(options.onProgress);
  const home = resolve(options.dataDir ?? '.data/kafka');
  mkdirSync(home, { recursive: true });
  await endLeftover(home);
  const port = options.port || (await freePort());
  await assertFree(port);
  const settings = join(home, 'server.properties');
  writeFileSync(
    settings,
    serverProperties(join(home, 'log'), {
      port,
      advertisedPort: options.advertisedPort ?? port,
      controllerPort: options.controllerPort || (await freePort()),
    }),
  );
  if (!existsSync(join(home, 'log', 'meta.properties'))) await format(jars, settings, options.onProgress);
  options.onProgress?.(`starting Apache Kafka on 127.0.0.1:${port}`);
  const pid = spawnServer(jars, settings, home);
  const owner = { owner: process.pid, command: commandLineOf(process.pid), pid };
  writeFileSync(ownerFile(home), JSON.stringify(owner));
  const brokers = `127.0.0.1:${port}`;
  await ready(brokers, pid, home);
  return {
    brokers,
    pid,
    stop: async () => {
      await endProcess(pid, 'SIGTERM', STOP_GRACE_MS);
      rmSync(ownerFile(home), { force: true });
    },
    kill: () => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    },
  };
}

/** Ends the Kafka that an owner who is gone left on this directory.
 *  @throws Error if its owner lives and so does the Kafka */
export async function endLeftover(home: string): Promise<void> {
  const found = readOwner(home);
  if (found === undefined) return;
  const serves = isRunning(found.pid) && commandLineOf(found.pid).includes(home);
  if (!serves) return;
  if (isRunning(found.owner) && commandLineOf(found.owner) === found.command) {
    throw new Error(
      `${home} is in use by process ${found.owner}; stop that one, or give another data directory`,
    );
  }
  await endProcess(found.pid, 'SIGTERM', STOP_GRACE_MS);
  rmSync(ownerFile(home), { force: true });
}

/** Kafka itself would start and lose: whoever holds the port would answer for it. A Kafka that was killed may hold
 *  it for a moment longer than its process id lives. */
async function assertFree(port: number): Promise<void> {
  const deadline = performance.now() + PORT_GRACE_MS;
  for (;;) {
    try {
      return await tryPort(port);
    } catch (cause) {
      if (performance.now() > deadline) {
        const fix = 'free it, or set KAFKA_BROKERS to a Kafka of your own';
        throw new Error(`Kafka's port ${port} is taken: ${fix}`, { cause });
      }
      await pause(LOOK_EVERY_MS);
    }
  }
}

async function tryPort(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((done, fail) => probe.once('error', fail).listen(port, '127.0.0.1', done));
  await new Promise((done) => probe.close(done));
}

async function format(jars: string, settings: string, onProgress?: (line: string) => void): Promise<void> {
  onProgress?.('formatting the Kafka log');
  const tool = [
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId(),
    '-c',
    settings,
  ];
  await promisify(execFile)(javaCommand(), [...SMALL_JVM, ...tool]);
}

/** 16 random bytes as URL-safe base64 without padding, as `StorageTool random-uuid` makes them. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? clusterId() : id;
}

function spawnServer(jars: string, settings: string, home: string): number {
  const log = openSync(logFile(home), 'a');
  const server = spawn(
    javaCommand(),
    [...SMALL_JVM, QUIET, '-cp', join(jars, '*'), 'kafka.Kafka', settings],
    // Its own group: Ctrl-C in a terminal reaches the launcher alone, which stops it last.
    { cwd: home, stdio: ['ignore', log, log], detached: true },
  );
  closeSync(log);
  server.unref();
  if (server.pid === undefined) throw new Error(`${javaCommand()} could not be run`);
  return server.pid;
}

async function ready(brokers: string, pid: number, home: string): Promise<void> {
  const deadline = performance.now() + START_DEADLINE_MS;
  while (!(await answers(brokers))) {
    if (!isRunning(pid)) throw new Error(`Kafka ended at its start:\n${lastLines(home)}`);
    if (performance.now() > deadline) {
      process.kill(pid, 'SIGKILL');
      throw new Error(`Kafka was not ready within ${START_DEADLINE_MS / 1000} s:\n${lastLines(home)}`);
    }
    await pause(LOOK_EVERY_MS);
  }
}

async function answers(brokers: string): Promise<boolean> {
  const admin = new Kafka({
    brokers: [brokers],
    clientId: 'kafka-dev',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length > 0;
  } catch {
    return false; // not yet: the caller asks again until its deadline
  } finally {
    await admin.disconnect();
  }
}

function lastLines(home: string): string {
  return readFileSync(logFile(home), 'utf8').trim().split('\n').slice(-15).join('\n');
}

function readOwner(home: string): { owner: number; command: string; pid: number } | undefined {
  try {
    return JSON.parse(readFileSync(ownerFile(home), 'utf8')) as {
      owner: number;
      command: string;
      pid: number;
    };
  } catch {
    return undefined;
  }
}

function ownerFile(home: string): string {
  return join(home, 'owner.json');
}

function logFile(home: string): string {
  return join(home, 'kafka.log');
}
