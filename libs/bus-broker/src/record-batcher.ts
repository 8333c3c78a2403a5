import { type OutgoingRecord, partitionOf } from '@bus/domain';
import { ANSWER_WITHIN_MS, BATCH_BYTES, BATCH_RECORDS } from './broker-options';
import type { PublishResult } from './broker-publisher';
import { NotSentError, RecordTooLargeError } from './broker.errors';

const QUEUE_RECORDS = 20_000;
const QUEUE_BYTES = 64 * 1024 * 1024;
/** Lengths, attributes and offsets of a record beside its own bytes. */
const OVERHEAD_BYTES = 64;

/** A record on its way, with its partition and what it weighs. */
export interface QueuedRecord {
  record: OutgoingRecord;
  partition: number;
  bytes: number;
}

interface Entry extends QueuedRecord {
  stage: 'queued' | 'sent' | 'settled';
  call: Call;
  /** Its place in the call. */
  at: number;
}

/** A publish under way. */
interface Call {
  results: PublishResult[];
  open: number;
  done(): void;
}

export interface BatcherOptions {
  partitions: number;
  /** Sends at a time; two never share a partition, so that a repeated send cannot reorder. */
  sends: number;
  /** Whether a send may leave now. Call `flush` when it becomes true. */
  ready(): boolean;
  /** Sends one batch; one result for each record, in order. A rejection counts as `unknown`. */
  send(batch: readonly QueuedRecord[]): Promise<PublishResult[]>;
  /** Why nothing can be sent now; goes into `not_accepted`. */
  fault(): unknown;
  /** Default 4,500. */
  answerWithinMs?: number;
}

/** Collects what is published in one tick, and what piles up while sends are under way (linger 0), into batches of at
 *  most 500 records and 1 MB; order is kept within a partition. Holds at most 20,000 records or 64 MB; more are
 *  `not_accepted` at once. */
export class RecordBatcher {
  private readonly queues: Entry[][];
  private readonly busy = new Set<number>();
  private queuedRecords = 0;
  private queuedBytes = 0;
  private sending = 0;
  private scheduled = false;
  private next = 0;
  private closed = false;
  private idle: (() => void)[] = [];

  constructor(private readonly options: BatcherOptions) {
    this.queues = Array.from({ length: options.partitions }, () => []);
  }

  /** One result per record, in order, within `answerWithinMs`: what was not sent by then is `not_accepted`, what
   *  was sent without an answer is `unknown`. */
  async publish(records: readonly OutgoingRecord[]): Promise<PublishResult[]> {
    if (records.length === 0) return [];
    const results = new Array<PublishResult>(records.length);
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      const call: Call = { results, open: records.length, done };
      const entries = records.map((record, at) => this.entry(record, call, at));
      const timer = setTimeout(() => this.giveUp(entries), this.options.answerWithinMs ?? ANSWER_WITHIN_MS);
      for (const entry of entries) this.enqueue(entry);
    });
    return results;
  }

  /** Lets batches leave as far as allowed, in this tick. */
  flush(): void {
    while (this.sending < this.options.sends && this.options.ready()) {
      const batch = this.take();
      if (batch.length === 0) break;
      void this.dispatch(batch);
    }
  }

  /** Takes nothing more; resolves when nothing is queued or under way. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.queuedRecords > 0 || this.sending > 0) {
      await new Promise<void>((done) => this.idle.push(done));
    }
  }

  private entry(record: OutgoingRecord, call: Call, at: number): Entry {
    const partition = partitionOf(record.key, this.options.partitions);
    return { record, partition, bytes: weigh(record), stage: 'queued', call, at };
  }

  private enqueue(entry: Entry): void {
    if (entry.bytes > BATCH_BYTES) {
      const cause = new RecordTooLargeError({ bytes: entry.bytes, limit: BATCH_BYTES });
      settle(entry, { outcome: 'refused', code: 'too_large', cause });
    } else if (this.closed) {
      settle(entry, {
        outcome: 'not_accepted',
        cause: new NotSentError({ reason: 'this publisher has ended' }),
      });
    } else if (this.queuedRecords >= QUEUE_RECORDS || this.queuedBytes + entry.bytes > QUEUE_BYTES) {
      const reason = 'too many records wait for the broker; publish again later';
      settle(entry, {
        outcome: 'not_accepted',
        cause: new NotSentError({ reason, cause: this.options.fault() }),
      });
    } else {
      this.queues[entry.partition].push(entry);
      this.queuedRecords++;
      this.queuedBytes += entry.bytes;
      this.schedule();
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  /** From each partition that has no send under way, in turn, so that none starves. */
  private take(): Entry[] {
    const batch: Entry[] = [];
    let bytes = 0;
    for (let step = 0; step < this.queues.length && batch.length < BATCH_RECORDS; step++) {
      const partition = (this.next + step) % this.queues.length;
      const queue = this.queues[partition];
      if (queue.length === 0 || this.busy.has(partition)) continue;
      let count = 0;
      while (
        count < queue.length &&
        batch.length < BATCH_RECORDS &&
        bytes + queue[count].bytes <= BATCH_BYTES
      ) {
        bytes += queue[count].bytes;
        batch.push(queue[count++]);
      }
      queue.splice(0, count);
    }
    this.next = (this.next + 1) % this.queues.length;
    this.queuedRecords -= batch.length;
    this.queuedBytes -= bytes;
    return batch;
  }

  private async dispatch(batch: Entry[]): Promise<void> {
    const partitions = new Set(batch.map((entry) => entry.partition));
    for (const entry of batch) entry.stage = 'sent';
    for (const partition of partitions) this.busy.add(partition);
    this.sending++;
    const results = await this.send(batch);
    for (const partition of partitions) this.busy.delete(partition);
    this.sending--;
    batch.forEach((entry, at) => settle(entry, results[at]));
    this.flush();
    this.tellIdle();
  }

  private async send(batch: Entry[]): Promise<PublishResult[]> {
    try {
      return await this.options.send(batch);
    } catch (cause) {
      return batch.map(() => ({ outcome: 'unknown', cause }));
    }
  }

  private giveUp(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.stage === 'sent') {
        const reason = 'the broker did not answer in time; publish again with the same messageId';
        settle(entry, { outcome: 'unknown', cause: new NotSentError({ reason }) });
      } else if (entry.stage === 'queued') {
        this.withdraw(entry);
        const reason = 'the broker was away; nothing was sent';
        settle(entry, {
          outcome: 'not_accepted',
          cause: new NotSentError({ reason, cause: this.options.fault() }),
        });
      }
    }
    this.tellIdle();
  }

  private withdraw(entry: Entry): void {
    const queue = this.queues[entry.partition];
    queue.splice(queue.indexOf(entry), 1);
    this.queuedRecords--;
    this.queuedBytes -= entry.bytes;
  }

  private tellIdle(): void {
    if (this.queuedRecords > 0 || this.sending > 0) return;
    const waiting = this.idle;
    this.idle = [];
    for (const done of waiting) done();
  }
}

function weigh(record: OutgoingRecord): number {
  let bytes = OVERHEAD_BYTES + Buffer.byteLength(record.key) + record.value.byteLength;
  for (const name of Object.keys(record.headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(record.headers[name]) + 4;
  }
  return bytes;
}

/** The first result counts. */
function settle(entry: Entry, result: PublishResult): void {
  if (entry.stage === 'settled') return;
  entry.stage = 'settled';
  const { call } = entry;
  call.results[entry.at] = result;
  if (--call.open === 0) call.done();
}
