import { type BatchOutcome, BatchReceiver, type RecordBatch } from '@bus/broker';
import { decodeRecord } from '@bus/domain';
import type { EventInbox, PlannedEvent } from '@bus/store';

/** Stores what the log delivers as bus-consumer does where no operation is configured: as unrouted. */
export class StoringReceiver extends BatchReceiver {
  private readonly received = new Set<string>();
  private readonly awaited = new Map<string, () => void>();
  private readonly held = new Map<number, bigint>();

  constructor(private readonly inbox: EventInbox) {
    super();
  }

  /** Resolves once the message is stored. */
  until(messageId: string): Promise<void> {
    if (this.received.has(messageId)) return Promise.resolve();
    return new Promise((resolve) => this.awaited.set(messageId, resolve));
  }

  async positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    const positions = await this.inbox.positions(logId, logStarts);
    for (const [partition, position] of positions) this.held.set(partition, position);
    return positions;
  }

  stored(logId: string): Promise<Map<number, bigint>> {
    return this.inbox.positions(logId, new Map());
  }

  async receive({ logId, partition, records, nextOffset: next }: RecordBatch): Promise<BatchOutcome> {
    const start = this.held.get(partition) ?? 0n;
    const events = records.map((record): PlannedEvent => {
      const decoded = decodeRecord(record, { logId });
      if ('fault' in decoded) throw new Error(decoded.detail);
      const { event, identity, contentHash } = decoded;
      return { event, identity, contentHash, record, offset: record.offset, graphId: null, executions: [] };
    });
    const batch = { logId, partition, start, next, dispatcherId: 1, events, quarantined: [] };
    const { outcome } = await this.inbox.ingest(batch);
    if (outcome !== 'stored') throw new Error(outcome);
    this.held.set(partition, next);
    for (const { event } of events) {
      this.received.add(event.messageId);
      this.awaited.get(event.messageId)?.();
    }
    return { outcome: 'stored' };
  }

  outOfRange(): void {
    throw new Error('the log begins behind the stored position');
  }
}
