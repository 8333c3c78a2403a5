import { HttpEventControl, HttpEventPublisher, RpcEventControl, RpcEventPublisher } from '@bus/client';
import {
  BusError,
  type CancelAnswer,
  type EventControl,
  type EventPublisher,
  type EventReference,
  type PublishRequest,
  type RescheduleAnswer,
} from '@bus/contracts';
import type { SeededRandom } from '../random';
import type { ProducerAddress } from '../stage/stage';
import type { History } from './history';
import { contentOf } from './planned-events';

/** One try each: tries of its own would send records that the history knows nothing of. */
const ONCE = { retries: 0, timeoutMs: 4_000 };

/** Speaks to every producer by RPC and by HTTP, and writes each call into the history. */
export class BusCallers {
  private readonly publishers: (EventPublisher & { close(): unknown })[];
  private readonly controls: (EventControl & { close(): unknown })[];

  constructor(
    addresses: readonly ProducerAddress[],
    private readonly history: History,
    private readonly random: SeededRandom,
  ) {
    const host = '127.0.0.1';
    this.publishers = addresses.flatMap(({ rpcPort, httpPort }) => [
      new RpcEventPublisher({ host, port: rpcPort, ...ONCE }),
      new HttpEventPublisher({ url: `http://${host}:${httpPort}`, connections: 32, ...ONCE }),
    ]);
    this.controls = addresses.flatMap(({ rpcPort, httpPort }) => [
      new RpcEventControl({ host, port: rpcPort, ...ONCE }),
      new HttpEventControl({ url: `http://${host}:${httpPort}`, connections: 8, ...ONCE }),
    ]);
  }

  /** One call. @returns whether it was accepted */
  async publish(event: PublishRequest & { source: string; messageId: string }): Promise<boolean> {
    const publisher = this.random.pick(this.publishers);
    const id = this.history.invoke({
      call: 'publish',
      event: `${event.source} ${event.messageId}`,
      type: event.type,
      key: event.key ?? null,
      content: contentOf(event.payload),
      deliverAtMs:
        event.delayMs !== undefined
          ? Date.now() + event.delayMs
          : event.deliverAt === undefined
            ? null
            : Date.parse(event.deliverAt),
    });
    try {
      const { status } = await publisher.publish(event);
      this.history.answered(id, 'ok', status);
      return true;
    } catch (error) {
      const outcome = error instanceof BusError ? error.outcome : 'unknown';
      if (error instanceof BusError && error.code !== 'unavailable') {
        this.history.fault(
          `publish of ${event.messageId} was refused: ${error.code} ${JSON.stringify(error.faults)}`,
        );
      }
      this.history.answered(id, outcome === 'not_accepted' ? 'fail' : 'info', outcome);
      return false;
    }
  }

  /** One call. @returns its outcome; `null`: no answer */
  cancel(event: EventReference): Promise<CancelAnswer['outcome'] | null> {
    return this.control(
      this.history.invoke({ call: 'cancel', event: `${event.source} ${event.messageId}` }),
      (control) => control.cancel(event),
    );
  }

  /** One call. @returns its outcome; `null`: no answer */
  reschedule(event: EventReference, deliverAtMs: number): Promise<RescheduleAnswer['outcome'] | null> {
    const invocation = { event: `${event.source} ${event.messageId}`, deliverAtMs };
    return this.control(this.history.invoke({ call: 'reschedule', ...invocation }), (control) =>
      control.reschedule(event, { deliverAt: new Date(deliverAtMs).toISOString() }),
    );
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.publishers, ...this.controls].map((one) => one.close()));
  }

  private async control<T extends string>(
    id: number,
    ask: (control: EventControl) => Promise<{ outcome: T }>,
  ): Promise<T | null> {
    try {
      const { outcome } = await ask(this.random.pick(this.controls));
      this.history.answered(id, 'ok', outcome);
      return outcome;
    } catch {
      this.history.answered(id, 'info', null); // 503, or no answer: it may have been done
      return null;
    }
  }
}
