import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createLogEnds, createSpanReader, ensureLog, type BrokerOptions, type LogEnds } from '@bus/broker';
import type { OperationSettings } from '@bus/contracts';
import type { ProofBroker } from '../layer';
import { freePort } from '../stage/free-port';
import { openStage } from '../stage/open-stage';
import { ProofProcess } from '../stage/proof-process';
import type { Stage } from '../stage/stage';
import { buildPreload } from './build-preload';

const ROOT = resolve(__dirname, '../../../..');

/** What the cells publish. Each operation belongs to one of them. */
export const TYPES = {
  /** A lane, a dependency. */
  order: 'crash.order',
  /** Its service takes its time. */
  slow: 'crash.slow',
  /** A service of its own, which is ended. */
  kit: 'crash.kit',
  /** Its service refuses while it is told to, and one attempt is all there is. */
  dying: 'crash.dying',
  /** Its graph is changed. */
  changing: 'crash.changing',
} as const;

/** Of every operation: a lease is three times as long. */
export const TIMEOUT_MS = 1_000;
export const LEASE_MS = 3 * TIMEOUT_MS;
const SLOW_MS = 700;
/** Slow calls hold a connection each, for a part of their time. */
const POOL = '12';
/** Dead letters are mirrored to it where the broker is Kafka. */
const DEAD_TOPIC = 'crash.dead-letters';

export interface CrashStageOptions {
  broker: ProofBroker;
  workDir: string;
  signal: AbortSignal;
  progress(text: string): void;
}

/** One bus that stays up, for many cells: what a cell ends is its own, or comes back. */
export class CrashStage {
  /** Newest settings by event type. */
  readonly operations = new Map<string, OperationSettings[]>();
  private readonly own = new Set<ProofProcess>();

  /** Of the events' log. */
  readonly ends: LogEnds;

  private constructor(
    readonly stage: Stage,
    private readonly preload: string,
    private readonly workDir: string,
  ) {
    this.ends = createLogEnds(this.brokerOptions());
  }

  static async open({ broker, workDir, signal, progress }: CrashStageOptions): Promise<CrashStage> {
    mkdirSync(workDir, { recursive: true });
    const preload = await buildPreload(workDir);
    const stage = await openStage({
      broker,
      workDir,
      durable: false, // only processes end here
      producers: 1,
      consumers: 2,
      services: 4,
      links: false,
      env: { DATABASE_POOL: POOL, ...(broker === 'kafka' ? { BUS_DEAD_LETTER_TOPIC: DEAD_TOPIC } : {}) },
      signal,
      preload,
      progress,
    });
    const made = new CrashStage(stage, preload, workDir);
    try {
      if (broker === 'kafka') await ensureLog(made.brokerOptions(DEAD_TOPIC));
      await made.activateAll();
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  /** Of the producer that nobody ends. */
  get producerUrl(): string {
    return `http://127.0.0.1:${this.stage.addresses[0].httpPort}`;
  }

  /** The one that a cell of `sweep` ends, over and over. */
  get victim(): ProofProcess {
    return this.stage.consumers[1];
  }

  /** The service of `TYPES.kit`. */
  get kitService(): ProofProcess {
    return this.stage.services[2];
  }

  /** The service of `TYPES.dying`. */
  get refusingService(): ProofProcess {
    return this.stage.services[3];
  }

  /** One more process of an app, not started yet. Its later lives are unarmed. */
  async newProcess(
    app: 'bus-producer' | 'bus-consumer' | 'bus-console',
    name: string,
  ): Promise<ProofProcess> {
    const { env } = app === 'bus-consumer' ? this.stage.consumers[0] : this.stage.producers[0];
    const preloads = [join(__dirname, '../stage/preload/orphan.cjs'), this.preload];
    const made = new ProofProcess({
      name,
      role: app === 'bus-consumer' ? 'consumer' : 'producer',
      script: join(ROOT, 'dist/apps', app, 'main.js'),
      nodeArgs: [
        '--max-semi-space-size=16',
        '--max-old-space-size=320',
        ...preloads.flatMap((file) => ['--require', file]),
      ],
      env,
      logFile: join(this.workDir, 'logs', `${name}.log`),
      cwd: ROOT,
      httpPort: await freePort(),
      rpcPort: app === 'bus-producer' ? await freePort() : null,
    });
    this.own.add(made);
    return made;
  }

  /** Texts of all headers in the mirror's topic, a line a record. */
  async mirrored(): Promise<string[]> {
    const ends = createLogEnds(this.brokerOptions(DEAD_TOPIC));
    const lines: string[] = [];
    try {
      const { bounds } = await ends.read();
      const spans = [...bounds].map(([partition, { start, end }]) => ({ partition, from: start, to: end }));
      await createSpanReader(this.brokerOptions(DEAD_TOPIC)).read(
        spans.filter(({ from, to }) => to > from),
        ({ records }) => {
          for (const { headers } of records) lines.push(headers.map(([, value]) => String(value)).join(' '));
          return Promise.resolve();
        },
      );
    } finally {
      await ends.stop();
    }
    return lines;
  }

  async close(): Promise<void> {
    await Promise.all([...this.own].map((one) => one.close()));
    await this.ends.stop();
    await this.stage.close();
  }

  private brokerOptions(topic?: string): BrokerOptions {
    const { broker, databaseUrl, kafkaBrokers } = this.stage;
    return { broker, databaseUrl, kafkaBrokers: [...kafkaBrokers], devSingleBroker: true, topic };
  }

  private async activateAll(): Promise<void> {
    const [steady, slow, kit, refusing] = this.stage.endpoints;
    const of = async (type: string, operations: Parameters<Stage['activate']>[1]) => {
      this.operations.set(type, await this.stage.activate(type, operations));
    };
    await of(TYPES.order, [
      { name: 'proof.record-a', endpoint: steady, ordered: true },
      { name: 'proof.record-b', endpoint: steady },
      { name: 'proof.record-c', endpoint: steady, dependsOn: ['proof.record-b'] },
    ]);
    await of(TYPES.slow, [{ name: 'proof.record-d', endpoint: slow }]);
    await of(TYPES.kit, [{ name: 'proof.record-e', endpoint: kit }]);
    await of(TYPES.dying, [{ name: 'proof.record-rated', endpoint: refusing, retry: { maxAttempts: 1 } }]);
    await of(TYPES.changing, [{ name: 'proof.record-steady', endpoint: steady }]);
    await this.stage.misbehave(this.stage.services[1], { slowMs: SLOW_MS });
  }
}
