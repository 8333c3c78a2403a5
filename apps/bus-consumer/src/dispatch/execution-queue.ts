import type { HeldExecution } from './held-execution';

/** First in, first out; taking the first costs the same however many wait. */
export class ExecutionQueue {
  /** Calls under way. */
  live = 0;
  /** Its executions are being started: a call that ends meanwhile starts no others. */
  isPumped = false;
  private items: HeldExecution[] = [];
  private first = 0;

  get size(): number {
    return this.items.length - this.first;
  }

  push(execution: HeldExecution): void {
    this.items.push(execution);
  }

  peek(): HeldExecution | undefined {
    return this.items[this.first];
  }

  shift(): HeldExecution | undefined {
    const execution = this.items[this.first];
    if (!execution) return undefined;
    this.first++;
    if (this.first > 64 && this.first * 2 > this.items.length) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
    return execution;
  }
}
