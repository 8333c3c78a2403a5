/** Something that happens at a moment of virtual time; cancelled by taking its `run` away. */
export interface QueuedEvent {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | null;
}

/** Binary heap of events by time; those of one moment in the order in which they were added. */
export class EventQueue {
  private readonly heap: QueuedEvent[] = [];
  private added = 0;

  get size(): number {
    return this.heap.length;
  }

  add(atMs: number, run: () => void): QueuedEvent {
    const event: QueuedEvent = { atMs, order: this.added++, run };
    const { heap } = this;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
    return event;
  }

  /** The next event that was not cancelled, left in the queue. */
  peek(): QueuedEvent | undefined {
    while (this.heap.length > 0 && this.heap[0].run === null) this.take();
    return this.heap[0];
  }

  /** Takes the first one out. */
  take(): QueuedEvent | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: QueuedEvent, other: QueuedEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
