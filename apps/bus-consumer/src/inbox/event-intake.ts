import { Injectable } from '@nestjs/common';
import { BatchReceiver, type BatchOutcome, type RecordBatch } from '@bus/broker';
import { EventInbox } from '@bus/store';
import { WINDOW_EVENTS } from '../dispatch/in-flight-window';
import { LedgerSession } from '../dispatch/ledger-session';
import { BatchIngest, type IntakeBatch, type IntakeOutcome } from './batch-ingest';
import { decodeBatch, type DecodedBatch } from './decode-batch';
import { InboxRecord } from './inbox-record';
import { IngestLine, type LineEntry } from './ingest-line';
import { PartitionPositions } from './partition-positions';

/**
 * Batches of records become events and executions, in one transaction with the position. What it started is called
 * from memory right after the commit.
 */
@Injectable()
export class EventIntake extends BatchReceiver {
  private readonly positionsHeld: PartitionPositions;
  private readonly line: IngestLine<IntakeBatch & LineEntry, IntakeOutcome>;

  constructor(
    private readonly inbox: EventInbox,
    private readonly session: LedgerSession,
    private readonly record: InboxRecord,
    ingest: BatchIngest,
  ) {
    super();
    this.positionsHeld = new PartitionPositions(inbox);
    this.line = new IngestLine((batches) => ingest.store(batches));
  }

  override positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    return this.positionsHeld.assigned(logId, logStarts);
  }

  override stored(logId: string): Promise<Map<number, bigint>> {
    return this.inbox.positions(logId, new Map());
  }

  /** Positions of the partitions read here, of logs whose id begins so: everything below them is stored. */
  storedPositions(logIdPrefix: string): Map<number, bigint> {
    return this.positionsHeld.below(logIdPrefix);
  }

  override outOfRange(
    logId: string,
    partition: number,
    gap: { position: bigint; logStart: bigint; logEnd: bigint },
  ): void {
    this.record.gap(logId, partition, gap);
  }

  override async receive(batch: RecordBatch): Promise<BatchOutcome> {
    this.record.received();
    for (let left: RecordBatch | null = batch; left !== null;) {
      const decoded = decodeBatch(left);
      const outcome = await this.receiveDecoded(left, decoded);
      if (outcome.outcome !== 'stored') return outcome;
      left = decoded.rest;
    }
    return { outcome: 'stored' };
  }

  private async receiveDecoded(batch: RecordBatch, decoded: DecodedBatch): Promise<BatchOutcome> {
    const { logId, partition, records, logStart, start } = batch;
    const { nextOffset } = decoded;
    const position = await this.positionsHeld.of(logId, partition, logStart);
    // Never `next` of a batch that does not begin here: before it lie records that were stored already, or (the store
    // was put back to an older state) records that it has forgotten.
    if (start !== position) return { outcome: 'seek', offset: position };
    const { window } = this.session.inHand;
    const room = await this.record.reserveRoom(window, Math.min(records.length, WINDOW_EVENTS));
    const size = decoded.events.length;
    const alone = decoded.quarantined.length > 0;
    try {
      const outcome = await this.line.add({
        ...{ batch, start: position, decoded, room },
        ...{ size, alone, logId, partition },
      });
      if (outcome.outcome === 'moved') {
        this.positionsHeld.moved(logId, partition, outcome.position);
        return { outcome: 'seek', offset: outcome.position };
      }
      this.positionsHeld.moved(logId, partition, nextOffset);
      return { outcome: 'stored' };
    } catch (error) {
      this.positionsHeld.forget(logId, partition);
      this.record.failed(error);
      throw error;
    } finally {
      window.unreserve(room);
    }
  }
}
