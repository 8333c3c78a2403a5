import { setTimeout as pause } from 'node:timers/promises';
import { RpcEventPublisher } from '@bus/client';
import { join } from 'node:path';
import { histogramOf } from '../checker/histogram';
import type { InjectedFault, Layer, LayerContext, PartResult, Tier, Violation } from '../layer';
import { SeededRandom } from '../random';
import { openStage } from '../stage/open-stage';
import type { Stage } from '../stage/stage';
import { slopePerMinute } from './slope-of';
import { SoakSamples } from './soak-samples';

const MINUTES: Record<Tier, readonly number[]> = { quick: [], full: [30], release: [30, 30, 30] };
const TYPE = 'proof.soaked';
const EVENTS_OF_ONE = 20;
const EVERY_MS = 250;
const SAMPLE_EVERY_MS = 5_000;
const FAULT_EVERY_MS = 20_000;
const QUIET_WITHIN_MS = 120_000;
/** Caches and pools fill up first. */
const WARM_UP_SHARE = 0.25;
/** Per minute; of megabytes or open files. */
const MOST_SLOPE = 1;

/** T7: load and faults for a long time; what rises all the while would end a bus that runs for months. */
export const soakLayer: Layer = {
  name: 'soak',
  title: 'load and faults over time: slopes of memory, hot tables and open files',
  async run(context: LayerContext): Promise<PartResult[]> {
    const parts: PartResult[] = [];
    for (const [index, minutes] of MINUTES[context.tier].entries()) {
      const part = `${index + 1}: ${minutes} min`;
      const result = context.done.get(part) ?? (await soak(part, minutes, context));
      if (!context.done.has(part)) context.keep(part, result);
      parts.push(result);
    }
    return parts;
  },
};

async function soak(part: string, minutes: number, context: LayerContext): Promise<PartResult> {
  const stage = await openStage({
    broker: context.broker ?? 'postgres',
    workDir: join(context.workDir, part.replace(/\W+/g, '-')),
    durable: true,
    producers: 1,
    consumers: 2,
    services: 2,
    links: false,
    signal: context.signal,
    progress: context.progress,
  });
  try {
    return await new Soak(stage, part, minutes, context).run();
  } finally {
    await stage.close();
  }
}

class Soak {
  private readonly startedMs = performance.now();
  private readonly samples: SoakSamples;
  private readonly random: SeededRandom;
  private readonly timeline: InjectedFault[] = [];
  private readonly publisher: RpcEventPublisher;
  private events = 0;

  constructor(
    private readonly stage: Stage,
    private readonly part: string,
    private readonly minutes: number,
    private readonly context: LayerContext,
  ) {
    this.samples = new SoakSamples(stage);
    this.random = new SeededRandom(context.seed).fork(part);
    this.publisher = new RpcEventPublisher({ host: '127.0.0.1', port: stage.addresses[0].rpcPort });
  }

  async run(): Promise<PartResult> {
    await this.stage.activate(TYPE, [
      { name: 'proof.record-a', ordered: true, timeoutMs: 1000 },
      { name: 'proof.record-b', timeoutMs: 1000 },
      { name: 'proof.record-c', dependsOn: ['proof.record-a'], timeoutMs: 1000 },
    ]);
    const untilMs = this.startedMs + this.minutes * 60_000;
    await Promise.all([this.load(untilMs), this.sample(untilMs), this.disturb(untilMs)]);
    this.publisher.close();
    const isQuiet = await this.quiet();
    return this.result(isQuiet);
  }

  private async load(untilMs: number): Promise<void> {
    for (let atMs = performance.now(); atMs < untilMs; atMs += EVERY_MS) {
      const events = Array.from({ length: EVENTS_OF_ONE }, () => {
        const number = this.events++;
        return {
          source: 'proof-soak',
          messageId: `${this.part.slice(0, 1)}-${number}`,
          type: TYPE,
          key: `key-${number % 500}`,
          payload: { number, note: 'x'.repeat(200) },
        };
      });
      await this.publisher.publishBatch({ events });
      await this.wait(atMs + EVERY_MS - performance.now());
    }
  }

  private async sample(untilMs: number): Promise<void> {
    for (let count = 0; performance.now() < untilMs; count++) {
      const atMs = performance.now() - this.startedMs;
      await this.samples.take(atMs);
      if (count % 12 === 0)
        this.context.progress(
          `${this.part}: ${Math.round(atMs / 60_000)} of ${this.minutes} min, ${this.events} events`,
        );
      await this.wait(SAMPLE_EVERY_MS);
    }
  }

  /** Services die; connections are cut. Producer and consumers live on: their slopes are what counts. */
  private async disturb(untilMs: number): Promise<void> {
    while (performance.now() + FAULT_EVERY_MS < untilMs) {
      await this.wait(FAULT_EVERY_MS);
      const atMs = performance.now() - this.startedMs;
      if (this.random.chance(0.5)) {
        const service = this.random.pick(this.stage.services);
        service.kill('SIGKILL');
        this.timeline.push({ atMs, kind: 'kill', target: service.name });
      } else {
        await this.stage.pool.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
            where application_name = 'bus-consumer' and pid <> pg_backend_pid()`,
        );
        this.timeline.push({ atMs, kind: 'postgres.terminate', target: 'bus-consumer' });
      }
    }
  }

  private async quiet(): Promise<boolean> {
    const deadline = performance.now() + QUIET_WITHIN_MS;
    while (performance.now() < deadline) {
      const { rows } = await this.stage.pool.query<{ open: number; ended: number }>(
        `select ((select count(*) from bus.in_flight) + (select count(*) from bus.due)
                 + (select count(*) from bus.waiting))::int as open,
                (select count(*) from bus.attempt where outcome = 0)::int as ended`,
      );
      if (rows[0].open === 0 && rows[0].ended === this.events * 3) return true;
      await this.wait(500);
    }
    return false;
  }

  private result(isQuiet: boolean): PartResult {
    const violations: Violation[] = [];
    const repeat = `npm run proof -- ${this.context.tier} --only soak --seed ${this.context.seed}`;
    if (!isQuiet)
      violations.push({ rule: 'I11', detail: `not all of ${this.events * 3} executions completed`, repeat });
    const notes: string[] = [];
    for (const [name, all] of this.samples.series) {
      const warm = all.filter(({ atMs }) => atMs > this.minutes * 60_000 * WARM_UP_SHARE);
      const slope = slopePerMinute(warm);
      notes.push(`${name}: ${slope.toFixed(3)} per minute, ${warm.at(-1)?.value.toFixed(1)} at the end`);
      if (slope > MOST_SLOPE)
        violations.push({ rule: 'I13', detail: `${name} rises by ${slope.toFixed(2)} a minute`, repeat });
    }
    const rss = [...this.samples.series].flatMap(([name, all]) =>
      name.includes('RSS') ? all.map(({ value }) => value) : [],
    );
    return {
      part: this.part,
      durationMs: Math.round(performance.now() - this.startedMs),
      counts: {
        events: this.events,
        'faults.kill': this.timeline.filter(({ kind }) => kind === 'kill').length,
        'faults.postgres.terminate': this.timeline.filter(({ kind }) => kind !== 'kill').length,
      },
      violations,
      notes,
      histograms: [histogramOf('RSS of producer and consumers', 'MB', rss)],
      timeline: this.timeline,
    };
  }

  private wait(ms: number): Promise<void> {
    return pause(Math.max(0, ms), undefined, { signal: this.context.signal });
  }
}
