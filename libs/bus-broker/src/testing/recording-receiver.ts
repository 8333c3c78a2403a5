import type { IncomingRecord, RecordBatch } from '../broker-record';
import { type BatchOutcome, BatchReceiver } from '../broker-subscriber';

const PATIENCE_MS = 30_000;

/** What receivers of one store share: positions by log and partition, changed by compare-and-set, and the records. */
export class RecordingStore {
  readonly positions = new Map<string, bigint>();
  readonly records: IncomingRecord[] = [];
  private watchers: (() => void)[] = [];

  /** Where a position stands in `positions`. */
  static place(logId: string, partition: number): string {
    return `${logId}#${partition}`;
  }

  valuesOf(partition: number): string[] {
    return this.records
      .filter((record) => record.partition === partition)
      .map(({ value }) => (value ?? '').toString());
  }

  values(): string[] {
    return this.records.map(({ value }) => (value ?? '').toString());
  }

  /** Resolves when `condition` holds; looked at after each call of a subscriber.
   *  @throws Error with `what` and what is there after 30 s */
  async until(what: string, condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => {
        const stored = this.records.length;
        fail(new Error(`not within ${PATIENCE_MS / 1000} s: ${what} (${stored} records are stored)`));
      }, PATIENCE_MS);
      const look = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.watchers = this.watchers.filter((watcher) => watcher !== look);
        done();
      };
      this.watchers.push(look);
    });
  }

  changed(): void {
    for (const watcher of this.watchers) watcher();
  }
}

export interface OutOfRange {
  logId: string;
  partition: number;
  position: bigint;
  logStart: bigint;
  logEnd: bigint;
}

/** A receiver that stores in memory as bus-consumer does in Postgres, and whose answers a test may bend. */
export class RecordingReceiver extends BatchReceiver {
  readonly batches: RecordBatch[] = [];
  readonly outside: OutOfRange[] = [];
  readonly asked: { logId: string; logStarts: Map<number, bigint> }[] = [];
  /** Called before each batch is stored; throw to fail it, answer to seek. */
  before: (batch: RecordBatch) => Promise<BatchOutcome | void> | BatchOutcome | void = () => undefined;
  private readonly held = new Map<string, bigint>();

  constructor(readonly store = new RecordingStore()) {
    super();
  }

  async positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    this.asked.push({ logId, logStarts: new Map(logStarts) });
    const positions = new Map<number, bigint>();
    for (const [partition, start] of logStarts) {
      const place = RecordingStore.place(logId, partition);
      const position = this.store.positions.get(place) ?? start;
      this.store.positions.set(place, position);
      this.held.set(place, position);
      positions.set(partition, position);
    }
    this.changed();
    return positions;
  }

  async stored(logId: string): Promise<Map<number, bigint>> {
    const prefix = RecordingStore.place(logId, 0).slice(0, -1);
    return new Map(
      [...this.store.positions]
        .filter(([place]) => place.startsWith(prefix))
        .map(([place, position]) => [Number(place.slice(prefix.length)), position]),
    );
  }

  async receive(batch: RecordBatch): Promise<BatchOutcome> {
    const bent = await this.before(batch);
    this.batches.push(batch);
    if (bent) {
      if (bent.outcome === 'seek') this.moveTo(batch, bent.offset);
      this.changed();
      return bent;
    }
    const place = RecordingStore.place(batch.logId, batch.partition);
    const stored = this.store.positions.get(place) ?? 0n;
    if (this.held.get(place) !== stored || batch.start !== stored) {
      this.held.set(place, stored);
      this.changed();
      return { outcome: 'seek', offset: stored };
    }
    this.store.records.push(...batch.records);
    this.moveTo(batch, batch.nextOffset);
    this.changed();
    return { outcome: 'stored' };
  }

  outOfRange(
    logId: string,
    partition: number,
    gap: { position: bigint; logStart: bigint; logEnd: bigint },
  ): void {
    this.outside.push({ logId, partition, ...gap });
    this.changed();
  }

  /** @see RecordingStore.until */
  until(what: string, condition: () => boolean): Promise<void> {
    return this.store.until(what, condition);
  }

  private moveTo({ logId, partition }: RecordBatch, offset: bigint): void {
    const place = RecordingStore.place(logId, partition);
    this.store.positions.set(place, offset);
    this.held.set(place, offset);
  }

  private changed(): void {
    this.store.changed();
  }
}
