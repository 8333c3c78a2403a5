import { setTimeout as pause } from 'node:timers/promises';
import { SeededRandom } from '../random';
import type { BusCallers } from './bus-callers';
import type { PlannedEvent } from './planned-events';

export interface WorkloadOptions {
  /** Of all its events. */
  source: string;
  /** Spread evenly over it. */
  durationMs: number;
  /** Ends it where it stands. */
  signal: AbortSignal;
  seed: number;
}

const LONGEST_PAUSE_MS = 300;
/** For an answer after the last fault is over. */
const UNKEYED_LINES = 24;

/** Publishes events at an even pace, those of one key one after another, each until it is accepted. */
export class PublishWorkload {
  accepted = 0;
  private readonly beside: Promise<unknown>[] = [];
  private readonly random: SeededRandom;

  constructor(
    private readonly callers: BusCallers,
    private readonly events: readonly PlannedEvent[],
    private readonly options: WorkloadOptions,
  ) {
    this.random = new SeededRandom(options.seed).fork('workload');
  }

  get count(): number {
    return this.events.length;
  }

  /** Resolves when every event was accepted, and everything beside them was answered or given up. */
  async run(): Promise<void> {
    const startMs = performance.now();
    const stepMs = this.options.durationMs / this.events.length;
    const lines = new Map<string, { event: PlannedEvent; atMs: number }[]>();
    this.events.forEach((event, index) => {
      const line = event.key ?? `unkeyed ${index % UNKEYED_LINES}`;
      const planned = { event, atMs: startMs + index * stepMs };
      lines.set(line, [...(lines.get(line) ?? []), planned]);
    });
    await Promise.all(
      [...lines.values()].map(async (line) => {
        for (const { event, atMs } of line) {
          await this.wait(Math.max(0, atMs - performance.now()));
          await this.publishOne(event);
        }
      }),
    );
    await Promise.all(this.beside);
  }

  private async publishOne(event: PlannedEvent): Promise<void> {
    const { cancel, reschedule } = event;
    const reference = { source: this.options.source, messageId: event.messageId };
    if (cancel === 'before') await this.until(() => this.callers.cancel(reference));
    if (event.conflict && this.random.chance(0.3)) this.side(this.conflict(event));
    else if (event.conflict) this.side(this.wait(this.random.int(2_000)).then(() => this.conflict(event)));
    await this.until(async () => (await this.callers.publish(this.requestOf(event))) || null);
    this.accepted += 1;
    for (let copy = 0; copy < event.duplicates; copy += 1)
      this.side(this.wait(this.random.int(3_000)).then(() => this.callers.publish(this.requestOf(event))));
    if (typeof cancel === 'number')
      this.side(this.wait(cancel).then(() => this.until(() => this.callers.cancel(reference))));
    if (reschedule)
      this.side(
        this.wait(reschedule.afterMs).then(() =>
          this.until(() => this.callers.reschedule(reference, Date.now() + reschedule.toMs)),
        ),
      );
  }

  private requestOf({ messageId, type, key, payload, delayMs, asDeliverAt }: PlannedEvent) {
    const when =
      delayMs === null
        ? {}
        : asDeliverAt
          ? { deliverAt: new Date(Date.now() + delayMs).toISOString() }
          : { delayMs };
    return {
      source: this.options.source,
      messageId,
      type,
      payload,
      ...(key === null ? {} : { key }),
      ...when,
    };
  }

  /** Once: a second try of it would be a second record of other content, were the first one stored. */
  private conflict(event: PlannedEvent): Promise<unknown> {
    const other = { ...event, payload: { n: event.payload.n, text: `not ${event.payload.text}` } };
    return this.callers.publish(this.requestOf(other));
  }

  private async until<T>(call: () => Promise<T | null>): Promise<void> {
    for (;;) {
      this.options.signal.throwIfAborted();
      if ((await call()) !== null) return;
      await this.wait(30 + this.random.int(LONGEST_PAUSE_MS));
    }
  }

  private wait(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.options.signal });
  }

  private side(work: Promise<unknown>): void {
    work.catch(() => undefined); // seen by `run`
    this.beside.push(work);
  }
}
