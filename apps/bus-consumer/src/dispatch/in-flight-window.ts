import { Injectable } from '@nestjs/common';
import type { LoadedEvent } from '@bus/store';
import { newSpan, newTrace, parseTraceparent, type TraceParts } from '@bus/app-shell';
import type { Timers } from '../timers';

/** Events in memory; docs/performance.md, "Window". */
export const WINDOW_EVENTS = 2000;
/**
 * Reading rests when less than a batch fits, and goes on when two do. Not later: operations that hang keep what they
 * hold, and were 1,500 to be free, four of them on events of their own would hold up everybody's reading.
 */
const REST_BELOW_ROOM = 500;
const GO_ON_FROM_ROOM = 1000;

/** A longer text is made again for each call: it would double the memory of the window. */
const KEPT_CHARS = 8192;

/** An event in memory, while an execution or a transaction here needs it. What is made of it is made once. */
export class HeldEvent {
  holders = 0;
  private parsed: { value: unknown } | null = null;
  private text: string | null = null;
  private trace: Pick<TraceParts, 'traceId' | 'flags'> | null = null;
  /** Operation and attempt of what is in hand, in pairs: few, and looked for much more cheaply than names in a set. */
  private readonly attempts: number[] = [];

  /** @param payload `event.payload`, where it was parsed already */
  constructor(
    readonly event: LoadedEvent,
    payload?: unknown,
  ) {
    if (payload !== undefined) this.parsed = { value: payload };
  }

  /** The payload, parsed once; not to be changed. */
  payload(): unknown {
    return (this.parsed ??= { value: JSON.parse(this.event.payload) }).value;
  }

  /** The request's `event` as JSON text, with the payload's own bytes; made once where that is not a lot. */
  json(): string {
    const text = this.text ?? eventJson(this.event, this.event.payload);
    if (text.length <= KEPT_CHARS) this.text = text;
    return text;
  }

  /** A new span of the publisher's trace, or of the event's own. */
  childTraceparent(): string {
    this.trace ??= parseTraceparent(this.event.traceparent) ?? newTrace();
    return newSpan(this.trace);
  }

  has(operationId: number, attempt: number): boolean {
    return this.indexOf(operationId, attempt) >= 0;
  }

  /** @returns false: it was there */
  add(operationId: number, attempt: number): boolean {
    if (this.has(operationId, attempt)) return false;
    this.attempts.push(operationId, attempt);
    return true;
  }

  /** @returns false: it was not there */
  remove(operationId: number, attempt: number): boolean {
    const index = this.indexOf(operationId, attempt);
    if (index >= 0) this.attempts.splice(index, 2);
    return index >= 0;
  }

  private indexOf(operationId: number, attempt: number): number {
    for (let at = 0; at < this.attempts.length; at += 2)
      if (this.attempts[at] === operationId && this.attempts[at + 1] === attempt) return at;
    return -1;
  }
}

/** The request's `event` as JSON text. @param payload JSON text */
export function eventJson(event: LoadedEvent, payload: string): string {
  const { messageId, source, type, key, occurredAt } = event;
  const rest = JSON.stringify({ messageId, source, type, key, occurredAt });
  return `${rest.slice(0, -1)},"payload":${payload}}`;
}

/** Told when the window is full, and when there is room again. */
export interface WindowWatcher {
  full(): void;
  room(): void;
}

/**
 * The events in memory, at most 2,000: a window in events, refilled event by event, so that one slow execution keeps
 * one event and not its whole batch. Full: reading the broker pauses, and nothing is claimed.
 */
@Injectable()
export class InFlightWindow {
  private readonly events = new Map<string, HeldEvent>();
  private watcher: WindowWatcher | null = null;
  private isFull = false;
  private reserved = 0;
  private readonly waiters: { events: number; end: () => void }[] = [];

  get size(): number {
    return this.events.size;
  }

  /** Events that may come in. */
  get room(): number {
    return Math.max(0, WINDOW_EVENTS - this.events.size - this.reserved);
  }

  watch(watcher: WindowWatcher): void {
    this.watcher = watcher;
  }

  get(eventId: string): HeldEvent | undefined {
    return this.events.get(eventId);
  }

  /**
   * Keeps room for events whose transaction is under way; who asked first is served first. Waits up to `ms` for all of
   * it, then takes what there is: the rest has to be stored as due.
   * @returns how many events fit; to be given to `unreserve` after the transaction
   */
  reserve(events: number, ms: number, timers: Timers): Promise<number> {
    if (this.waiters.length === 0 && this.room >= events) return Promise.resolve(this.keep(events));
    return new Promise((go) => {
      const waiter = {
        events,
        end: () => {
          cancel();
          this.waiters.splice(this.waiters.indexOf(waiter), 1);
          go(this.keep(Math.min(events, this.room)));
        },
      };
      const cancel = timers.after(ms, waiter.end);
      this.waiters.push(waiter);
    });
  }

  unreserve(events: number): void {
    this.reserved -= events;
    this.serveWaiters();
    this.look();
  }

  /** One more holder; the event comes in where it is not here yet. @param payload where it was parsed already */
  hold(event: LoadedEvent, payload?: unknown): HeldEvent {
    let held = this.events.get(event.eventId);
    if (!held) {
      held = new HeldEvent(event, payload);
      this.events.set(event.eventId, held);
      this.look();
    }
    held.holders++;
    return held;
  }

  /** One holder less; the last one lets the event go. */
  release(held: HeldEvent): void {
    held.holders--;
    if (held.holders > 0) return;
    this.events.delete(held.event.eventId);
    this.serveWaiters();
    this.look();
  }

  private keep(events: number): number {
    this.reserved += events;
    this.look();
    return events;
  }

  private look(): void {
    const isFull = this.isFull ? this.room < GO_ON_FROM_ROOM : this.room < REST_BELOW_ROOM;
    if (isFull === this.isFull) return;
    this.isFull = isFull;
    if (isFull) this.watcher?.full();
    else this.watcher?.room();
  }

  private serveWaiters(): void {
    while (this.waiters.length > 0 && this.room >= this.waiters[0].events) this.waiters[0].end();
  }
}
