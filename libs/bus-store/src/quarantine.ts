import type { RecordFault } from '@bus/domain';
import type { LinkedEvent } from './event-repairs';
import type { Page, PageRequest } from './page';

export interface QuarantinedRecordSummary {
  /** Where the record stands in its log. */
  logId: string;
  partition: number;
  /** A bigint as text. */
  offset: string;
  fault: RecordFault;
  detail: string;
  keyBytes: number | null;
  valueBytes: number | null;
  appendedAt: Date;
  quarantinedAt: Date;
  /** When it was published again; `null`: not yet. */
  reprocessedAt: Date | null;
  reprocessedBy: string | null;
}

export interface QuarantinedRecordView extends QuarantinedRecordSummary {
  key: Buffer | null;
  value: Buffer | null;
  /** In order, repeated ones included; values in base64. */
  headers: [name: string, valueBase64: string][];
  /** New events that it was sent again as, oldest first. */
  resentAs: LinkedEvent[];
}

/** Port: broker records that could not become events, newest first, for people. */
export abstract class Quarantine {
  abstract list(page: PageRequest): Promise<Page<QuarantinedRecordSummary>>;
  /** With its raw bytes; `null`: no such record. @param offset a bigint as text */
  abstract record(logId: string, partition: number, offset: string): Promise<QuarantinedRecordView | null>;
}
