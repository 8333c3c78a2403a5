import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { ControlCall, EventName, PublishCall } from '../checker/evidence';

/** One call of the harness, when it was begun. */
export type Invocation =
  | ({ call: 'publish' } & Pick<PublishCall, 'event' | 'type' | 'key' | 'content' | 'deliverAtMs'>)
  | { call: 'cancel'; event: EventName }
  | { call: 'reschedule'; event: EventName; deliverAtMs: number };

type Line =
  | ({ is: 'invoke'; id: number; order: number; atMs: number } & Invocation)
  /** `ok`: done; `fail`: certainly not done; `info`: nobody knows. */
  | { is: 'ok' | 'fail' | 'info'; id: number; order: number; atMs: number; answer: string | null }
  | { is: 'fault'; atMs: number; what: string };

/** What the harness asked and was answered, as JSON lines on disk: what is known of a run is known from there. */
export class History {
  private readonly file: number;
  private order = 0;
  private ids = 0;
  private pending: string[] = [];

  constructor(readonly path: string) {
    this.file = openSync(path, 'w');
  }

  /** @returns its id, for `answered` */
  invoke(invocation: Invocation): number {
    const id = (this.ids += 1);
    this.write({ is: 'invoke', id, order: (this.order += 1), atMs: Date.now(), ...invocation });
    return id;
  }

  answered(id: number, is: 'ok' | 'fail' | 'info', answer: string | null): void {
    this.write({ is, id, order: (this.order += 1), atMs: Date.now(), answer });
  }

  fault(what: string): void {
    this.write({ is: 'fault', atMs: Date.now(), what });
  }

  /** Everything said so far is in the file then. */
  close(): void {
    this.flush();
    closeSync(this.file);
  }

  private write(line: Line): void {
    this.pending.push(JSON.stringify(line));
    if (this.pending.length >= 200) this.flush();
  }

  private flush(): void {
    if (this.pending.length > 0) writeSync(this.file, `${this.pending.join('\n')}\n`);
    this.pending = [];
  }
}

/** Calls as the checker wants them, in the order in which they were begun. */
export function readHistory(path: string): {
  publishes: PublishCall[];
  cancels: ControlCall[];
  reschedules: ControlCall[];
} {
  const calls = {
    publish: [] as PublishCall[],
    cancel: [] as ControlCall[],
    reschedule: [] as ControlCall[],
  };
  const open = new Map<number, PublishCall | ControlCall>();
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text) as Line;
    if (line.is === 'fault') continue;
    if (line.is !== 'invoke') {
      const call = open.get(line.id);
      if (call) Object.assign(call, { answeredOrder: line.order, answer: line.answer });
      continue;
    }
    const { is: _is, id, order, atMs: _atMs, call, ...rest } = line;
    const begun = { ...rest, invokedOrder: order, answeredOrder: null, answer: null };
    open.set(id, begun as PublishCall);
    (calls[call] as unknown[]).push(begun);
  }
  return { publishes: calls.publish, cancels: calls.cancel, reschedules: calls.reschedule };
}
