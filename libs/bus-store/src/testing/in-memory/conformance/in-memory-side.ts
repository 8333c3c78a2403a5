import { InMemoryStore } from '../in-memory-store';
import { comparedSnapshot } from './compared-snapshot';
import type { StoreSide } from './store-side';

class EvenedStore extends InMemoryStore {
  evenOut(): void {
    this.transaction(() => {
      for (const rows of this.dueOrder.values()) {
        const byEvent = [...rows].sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
        byEvent.forEach((row, index) => {
          const minutes = Math.round((row.dueAtMs - this.nowMs()) / 60_000);
          this.deleteDue(row);
          this.insertDue({ ...row, dueAtMs: this.nowMs() + minutes * 60_000 - 1000 + index + 1, tick: 0 });
        });
      }
    });
  }
}

/** Its clock is this process's, plus what was waited. */
export function openInMemorySide(): StoreSide & { store: InMemoryStore } {
  let waitedMs = 0;
  const nowMs = () => Date.now() + waitedMs;
  const store = new EvenedStore({ nowMs });
  const side = {
    store,
    inbox: store.inbox(),
    ledger: store.ledger(),
    control: store.control(),
    executions: store.executionControl(),
    graphs: store.operationGraphs(),
    at: (ms: number) => new Date(nowMs() + ms).toISOString(),
    async wait(ms: number) {
      waitedMs += ms;
      side.ledger = store.ledger();
    },
    async evenOut() {
      store.evenOut();
    },
    async snapshot() {
      return comparedSnapshot(store.snapshot(), nowMs());
    },
  };
  return side;
}
