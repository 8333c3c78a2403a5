import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { endProcess, isRunning } from '@bus/embedded-postgres';
import { Kafka, logLevel } from 'kafkajs';
import { describeWithKafka } from './describe-with-kafka';
import { startKafka } from './start-kafka';

async function clusterIdOf(brokers: string): Promise<string> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  const { clusterId } = await admin.describeCluster();
  await admin.disconnect();
  return clusterId;
}

describeWithKafka('startKafka', () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'start-kafka-'));
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it('is the same cluster after a kill and another start, and refuses data in use', async () => {
    const first = await startKafka({ dataDir: place });
    const id = await clusterIdOf(first.brokers);
    await expect(startKafka({ dataDir: place })).rejects.toThrow(`is in use by process ${process.pid}`);
    first.kill();
    await endProcess(first.pid, 'SIGKILL', 5_000);
    const second = await startKafka({ dataDir: place });
    expect(await clusterIdOf(second.brokers)).toBe(id);
    await second.stop();
    expect(isRunning(second.pid)).toBe(false);
  }, 120_000);

  it('ends the Kafka that a killed process left on its data', async () => {
    const orphan = await orphanKafka(place);
    expect(isRunning(orphan)).toBe(true);
    const next = await startKafka({ dataDir: place });
    expect(isRunning(orphan)).toBe(false);
    await next.stop();
  }, 120_000);

  it('fails with the last lines of its log where the port is taken', async () => {
    const first = await startKafka({ dataDir: join(place, 'one') });
    const port = Number(first.brokers.split(':')[1]);
    // Something else answers on that port, so the second must not take its answer for its own.
    await expect(startKafka({ dataDir: join(place, 'two'), port })).rejects.toThrow(`port ${port} is taken`);
    await first.stop();
  }, 120_000);
});

/** Lets another process start a Kafka, kills that process, and returns the Kafka's process id. */
async function orphanKafka(dataDir: string): Promise<number> {
  const script = `require('./src/start-kafka').startKafka({ dataDir: ${JSON.stringify(dataDir)} })
    .then((server) => console.log(server.pid))`;
  const parent = spawn(
    process.execPath,
    ['-r', '@swc-node/register', '-e', `${script}; setInterval(() => {}, 1000)`],
    {
      cwd: resolve(__dirname, '..'),
      env: { ...process.env, SWC_NODE_PROJECT: resolve(__dirname, '../../../tsconfig.base.json') },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const printed = await new Promise<string>((done, fail) => {
    parent.stdout.setEncoding('utf8').once('data', done);
    parent.once('exit', (code) => fail(new Error(`the starting process ended with ${code}`)));
  });
  await endProcess(parent.pid as number, 'SIGKILL', 5_000);
  return Number(printed);
}
