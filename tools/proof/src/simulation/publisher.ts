import { encodeRecord, newEventId } from '@bus/domain';
import type { PublishCall } from '../checker/evidence';
import type { SeededRandom } from '../random';
import type { FaultCounts } from './fault-counts';
import type { LogBroker } from './log-broker';
import { EPOCH_MS } from './process-run';
import type { VirtualTime } from './virtual-time';
import type { PlannedEvent, PlannedPublish } from './world-plan';

/** Numbers beginnings and answers of all calls of a world. */
export class CallOrder {
  private last = 0;
  next(): number {
    return ++this.last;
  }
}

/** Share of publishes whose request, or whose answer, is lost while there are faults. */
export interface PublishFaults {
  requestLost: number;
  answerLost: number;
}

/** Publishes one event after the other; what was not accepted is published again, under the same id. */
export class Publisher {
  isDone = false;
  readonly calls: PublishCall[] = [];
  shares: PublishFaults = { requestLost: 0, answerLost: 0 };

  constructor(
    private readonly broker: LogBroker,
    private readonly time: VirtualTime,
    private readonly random: SeededRandom,
    private readonly seen: { faults: FaultCounts; order: CallOrder },
  ) {}

  async run(planned: readonly PlannedPublish[]): Promise<void> {
    for (const { atMs, event, copies, conflicting } of planned) {
      if (atMs > this.time.nowMs) await this.rest(atMs - this.time.nowMs);
      const deliverAtMs =
        event.deliverInMs === null ? null : EPOCH_MS + Math.floor(this.time.nowMs) + event.deliverInMs;
      await this.untilAccepted(event, deliverAtMs);
      for (let copy = 0; copy < copies; copy++) {
        this.seen.faults.add('published-again');
        await this.untilAccepted(event, deliverAtMs);
      }
      if (conflicting === null) continue;
      this.seen.faults.add('other-content');
      await this.untilAccepted({ ...event, payload: conflicting }, deliverAtMs);
    }
    this.isDone = true;
  }

  private async untilAccepted(event: PlannedEvent, deliverAtMs: number | null): Promise<void> {
    while ((await this.publish(event, deliverAtMs)) !== 'accepted')
      await this.rest(this.random.between(20, 600));
  }

  private async publish(event: PlannedEvent, deliverAtMs: number | null): Promise<PublishCall['answer']> {
    const { source, messageId, type, key, payload } = event;
    const { time, random, seen } = this;
    const call: PublishCall = {
      ...{ event: `${source} ${messageId}`, type, key, content: payload, deliverAtMs },
      ...{ invokedOrder: seen.order.next(), answeredOrder: null, answer: null },
    };
    this.calls.push(call);
    const nowMs = EPOCH_MS + Math.floor(time.nowMs);
    const eventId = newEventId({ nowMs, random: this.bytes() });
    const occurredAt = new Date(nowMs).toISOString();
    const deliverAt = deliverAtMs === null ? null : new Date(deliverAtMs).toISOString();
    const record = encodeRecord({
      ...{ eventId, source, messageId, type, key, payload, occurredAt, deliverAt, traceparent: null },
    });
    await this.rest(random.between(1, 8));
    let answer: PublishCall['answer'] = 'accepted';
    if (this.broker.isDown) answer = random.chance(0.5) ? 'not_accepted' : 'unknown';
    else if (random.chance(this.shares.requestLost)) {
      seen.faults.add('publish-lost');
      answer = 'unknown';
    } else {
      this.broker.append(record);
      if (random.chance(this.shares.answerLost)) {
        seen.faults.add('publish-answer-lost');
        answer = 'unknown';
      }
    }
    await this.rest(random.between(1, 8));
    call.answeredOrder = seen.order.next();
    return (call.answer = answer);
  }

  private bytes(): Uint8Array {
    return new Uint8Array(Uint32Array.of(...[0, 0, 0, 0].map(() => this.random.int(2 ** 32))).buffer);
  }

  private rest(ms: number): Promise<void> {
    return new Promise((go) => this.time.after(ms, go));
  }
}
