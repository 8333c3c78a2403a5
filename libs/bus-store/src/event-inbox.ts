import type { IncomingEvent, IncomingRecord, PlannedExecution, RecordFault } from '@bus/domain';

/** A decoded event with what was planned for it under the graph that is active now. */
export interface PlannedEvent {
  event: IncomingEvent;
  offset: bigint;
  /** As it was read, for quarantine: another event may own its message id or its event id. */
  record: IncomingRecord;
  /** Records behind it in the batch with the same message and content: repeats of it, wherever it goes. */
  twins?: readonly IncomingRecord[];
  /** First 16 bytes of SHA-256(source, 0x00, messageId), as a UUID. */
  identity: string;
  /** SHA-256 over type, key and payload bytes; not the due time. */
  contentHash: Buffer;
  /** `null`: no active graph; stored as unrouted. */
  graphId: number | null;
  executions: PlannedExecution[];
}

/** A record that could not become an event. Kept raw. */
export interface QuarantinedRecord {
  record: IncomingRecord;
  fault: RecordFault;
  /** For people; holds no payload. */
  detail: string;
}

/** Records of one partition, ≤ 500, each message once (twins were removed before). All or nothing. */
export interface InboxBatch {
  logId: string;
  partition: number;
  /** The position held for the partition; never the batch's first offset. */
  start: bigint;
  /** Position afterwards. */
  next: bigint;
  dispatcherId: number;
  events: PlannedEvent[];
  quarantined: QuarantinedRecord[];
}

/** First attempts that are leased to this dispatcher now; committed, so their calls may leave. */
export interface StartedExecution {
  eventId: string;
  operationId: number;
}

export interface StoredBatch {
  outcome: 'stored';
  started: StartedExecution[];
  /** Events stored now (cancelled placeholders included). */
  fresh: number;
  /** Same message with the same content: stored before. */
  repeated: number;
  /** Same message with other content, and other rows that cannot be stored: kept in quarantine. */
  quarantined: number;
}

export type IngestOutcome =
  | StoredBatch
  /** The stored position is not `start`: somebody else went on. Nothing was written; go on at `position`. */
  | { outcome: 'moved'; position: bigint }
  /** A graph was activated or retired meanwhile. Nothing was written; refresh, plan again. */
  | { outcome: 'graph_changed' };

/** `apart`: nothing was written, since one of them has something in its way; each by itself tells what. */
export type TogetherOutcome = StoredBatch | { outcome: 'apart' };

/** Port: stores what the broker delivers, once (TX1 of docs/guarantees.md). */
export abstract class EventInbox {
  /**
   * Stored positions; a partition without one starts at its log start.
   * @param logStarts partition → offset; empty: all that is stored of the log, and none is made
   */
  abstract positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>>;

  /**
   * One transaction: position by compare-and-set, identities, events, executions, quarantine.
   * @throws where the database is away or COMMIT's answer was lost: read the position again before going on.
   */
  abstract ingest(batch: InboxBatch): Promise<IngestOutcome>;

  /**
   * Batches of several partitions in one transaction: most of what a small one costs is its commit. All or nothing.
   * @param batches of one log and one dispatcher, each of another partition, without quarantine, ≤ 500 events in all
   * @throws as `ingest`
   */
  abstract ingestTogether(batches: readonly InboxBatch[]): Promise<TogetherOutcome>;
}
