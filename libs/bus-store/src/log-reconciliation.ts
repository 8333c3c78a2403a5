import type { QuarantinedRecord } from './event-inbox';

/** One record of the broker's log, as far as it can be decoded. */
export interface LoggedRecord {
  partition: number;
  offset: bigint;
  /** `null`: it cannot be decoded, so it belongs into quarantine. */
  event: { identity: string; contentHash: Buffer } | null;
}

/**
 * What became of a logged record. `stored`: this very record · `twin`: the event was stored from another record ·
 * `cancelled`: by a placeholder · `quarantined`: at this place.
 * Gaps: `missing`: nothing is known of it · `other_content`: another content was stored under its id, and this one is
 * not in quarantine · `event_missing`: its identity is there without its event
 */
export type RecordEnd =
  'stored' | 'twin' | 'cancelled' | 'quarantined' | 'missing' | 'other_content' | 'event_missing';

/** Port: whether each record of the log was stored, or is explained. */
export abstract class LogReconciliation {
  /** Partition → stored position: every record before it must be explained. */
  abstract positions(logId: string): Promise<Map<number, bigint>>;
  /** One end per record, in order. @param records of one partition, at most 500 */
  abstract explain(logId: string, records: readonly LoggedRecord[]): Promise<RecordEnd[]>;
  /** Puts gaps that cannot become events into quarantine, where they stand in the log. @param records of one partition */
  abstract keep(logId: string, partition: number, records: readonly QuarantinedRecord[]): Promise<void>;
}
