import { setTimeout as pause } from 'node:timers/promises';
import { RpcEventPublisher } from '@bus/client';
import type { PublishRequest } from '@bus/contracts';
import { History } from '../chaos/history';
import { contentOf } from '../chaos/planned-events';
import type { Stage } from '../stage/stage';

export const RATED = 'proof.record-rated';
export const STEADY = 'proof.record-steady';
export const STORM_TYPE = 'proof.storm';
export const STEADY_TYPE = 'proof.steady';
const SOURCE = 'proof-storm';
const BATCH = 500;
const AGAIN_AFTER_MS = 200;

/** Publishes for the storm, and writes each event into the history. */
export class StormRun {
  private readonly publisher: RpcEventPublisher;
  private steady = 0;

  constructor(
    stage: Stage,
    private readonly history: History,
    private readonly signal: AbortSignal,
  ) {
    const port = stage.addresses[0]?.rpcPort as number;
    this.publisher = new RpcEventPublisher({ host: '127.0.0.1', port, retries: 0, timeoutMs: 10_000 });
  }

  /** @param count executions of the rated operation */
  async publishStorm(count: number): Promise<void> {
    for (let first = 0; first < count; first += BATCH) {
      const size = Math.min(BATCH, count - first);
      await this.publishAll(
        Array.from({ length: size }, (_, at) => event(STORM_TYPE, `storm-${first + at}`, first + at)),
      );
    }
  }

  /** One event every so often, until `until` is aborted; none waits for the one before. */
  async publishSteadily(everyMs: number, until: AbortSignal): Promise<void> {
    const calls: Promise<void>[] = [];
    for (let atMs = performance.now(); !until.aborted; atMs += everyMs) {
      const n = (this.steady += 1);
      const call = this.publishAll([event(STEADY_TYPE, `steady-${n}`, n)]);
      call.catch(() => undefined); // seen at the end
      calls.push(call);
      await pause(Math.max(0, atMs + everyMs - performance.now()), undefined, { signal: this.signal });
    }
    await Promise.all(calls);
  }

  close(): void {
    this.publisher.close();
  }

  private async publishAll(events: StormEvent[]): Promise<void> {
    for (;;) {
      this.signal.throwIfAborted();
      const ids = events.map(({ type, messageId, payload }) =>
        this.history.invoke({
          call: 'publish',
          event: `${SOURCE} ${messageId}`,
          type,
          key: null,
          content: contentOf(payload),
          deliverAtMs: null,
        }),
      );
      try {
        const { results } = await this.publisher.publishBatch({ events });
        results.forEach((result, at) => {
          if (result.status === 'refused') throw new Error(`the storm was refused: ${result.error.message}`);
          this.history.answered(ids[at] as number, 'ok', result.status);
        });
        return;
      } catch {
        for (const id of ids) this.history.answered(id, 'info', 'unknown');
        await pause(AGAIN_AFTER_MS, undefined, { signal: this.signal });
      }
    }
  }
}

type StormEvent = PublishRequest & { messageId: string; type: string };

function event(type: string, messageId: string, n: number): StormEvent {
  return { source: SOURCE, type, messageId, payload: { n } };
}
