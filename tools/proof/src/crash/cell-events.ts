import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ControlCall, PublishCall } from '../checker/evidence';

/** Of every event of the matrix. */
export const SOURCE = 'crash';

export interface CellEvent {
  messageId: string;
  type: string;
  key: string;
  payload: { cell: string; n: number };
  /** RFC 3339; `null`: at once. */
  deliverAt: string | null;
}

const KEYS = 6;
const ANSWER_WITHIN_MS = 4_000;
const AGAIN_AFTER_MS = 100;
const DEFINITE_WITHIN_MS = 60_000;

/** What one cell asks of the bus, over HTTP, and each answer: events, cancels. */
export class CellEvents {
  readonly publishes: PublishCall[] = [];
  readonly cancels: ControlCall[] = [];
  /** Ids of all events, the published and those that were only cancelled. */
  readonly messageIds: string[] = [];
  private order = 0;

  /** @param steady URL of a producer that nobody ends */
  constructor(
    readonly cell: string,
    private readonly steady: string,
  ) {}

  /** @param inMs delay; 0: at once */
  make(type: string, inMs = 0): CellEvent {
    const n = this.messageIds.length;
    const messageId = `${this.cell}-${n}`;
    this.messageIds.push(messageId);
    const deliverAt = inMs > 0 ? new Date(Date.now() + inMs).toISOString() : null;
    return { messageId, type, key: `${this.cell}.${n % KEYS}`, payload: { cell: this.cell, n }, deliverAt };
  }

  /** Until each is accepted: first by `first`, then by the producer that nobody ends. @throws Error after 60 s */
  async publish(events: readonly CellEvent[], first = this.steady): Promise<void> {
    let left = await this.publishOnce(events, first);
    const deadline = performance.now() + DEFINITE_WITHIN_MS;
    while (left.length > 0) {
      if (performance.now() > deadline) throw new Error(`${left[0].messageId} is accepted by nobody`);
      left = await this.publishOnce(left, this.steady);
      if (left.length > 0) await pause(AGAIN_AFTER_MS);
    }
  }

  /** Until there is an answer: first by `first`, then by the producer that nobody ends. @throws Error after 60 s */
  async cancel(messageId: string, first = this.steady): Promise<void> {
    const deadline = performance.now() + DEFINITE_WITHIN_MS;
    let url = first;
    while (!(await this.cancelOnce(messageId, url))) {
      if (performance.now() > deadline) throw new Error(`nobody says whether ${messageId} is cancelled`);
      url = this.steady;
      await pause(AGAIN_AFTER_MS);
    }
  }

  /** @returns those that are not known to be accepted */
  private async publishOnce(events: readonly CellEvent[], url: string): Promise<CellEvent[]> {
    const calls = events.map((event): PublishCall => ({
      event: `${SOURCE} ${event.messageId}`,
      type: event.type,
      key: event.key,
      content: contentOf(event.payload),
      deliverAtMs: event.deliverAt === null ? null : Date.parse(event.deliverAt),
      invokedOrder: this.order++,
      answeredOrder: null,
      answer: null,
    }));
    this.publishes.push(...calls);
    const [single] = events;
    const answers =
      events.length === 1
        ? [await post(`${url}/v1/events`, toBody(single))]
        : resultsOf(await post(`${url}/v1/events/batch`, { events: events.map(toBody) }), events.length);
    calls.forEach((call, at) => {
      const answer = answers[at];
      call.answer = answer?.status === 'accepted' ? 'accepted' : (answer?.error?.outcome ?? 'unknown');
      call.answeredOrder = this.order++;
    });
    return events.filter((_, at) => calls[at].answer !== 'accepted');
  }

  /** @returns whether there is a definite answer */
  private async cancelOnce(messageId: string, url: string): Promise<boolean> {
    const call: ControlCall = {
      event: `${SOURCE} ${messageId}`,
      invokedOrder: this.order++,
      answeredOrder: null,
      answer: null,
    };
    this.cancels.push(call);
    const path = `/v1/events/${SOURCE}/${encodeURIComponent(messageId)}`;
    const answer = (await ask('DELETE', url + path)) as { outcome?: ControlCall['answer'] } | null;
    call.answer = answer?.outcome ?? null;
    call.answeredOrder = this.order++;
    return call.answer !== null;
  }
}

/** As the services write it beside their effects. */
export function contentOf(payload: unknown): string {
  return createHash('sha256').update(JSON.stringify(payload)).digest('hex');
}

interface PublishAnswer {
  status?: string;
  error?: { outcome?: 'not_accepted' | 'unknown' };
}

function toBody({ messageId, type, key, payload, deliverAt }: CellEvent) {
  return { messageId, source: SOURCE, type, key, payload, ...(deliverAt === null ? {} : { deliverAt }) };
}

const post = (url: string, body: unknown) => ask('POST', url, body) as Promise<PublishAnswer | null>;

function resultsOf(answer: unknown, count: number): (PublishAnswer | null)[] {
  const { results, error } = (answer ?? {}) as { results?: PublishAnswer[]; error?: PublishAnswer['error'] };
  return results ?? Array.from({ length: count }, () => (error ? { error } : null));
}

/** @returns `null`: no answer, or none that says anything */
export async function ask(method: string, url: string, body?: unknown): Promise<unknown> {
  try {
    const answer = await fetch(url, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return await answer.json();
  } catch {
    return null; // dead, stopped or stopping: the caller counts it as unknown
  }
}
