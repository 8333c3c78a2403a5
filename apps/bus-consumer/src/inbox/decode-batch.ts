import type { RecordBatch } from '@bus/broker';
import { decodeRecord, type DecodedRecord, type IncomingRecord } from '@bus/domain';
import type { QuarantinedRecord } from '@bus/store';

export interface DecodedEvent extends DecodedRecord {
  record: IncomingRecord;
}

export interface DecodedBatch {
  /** Each message once, ascending by offset. */
  events: DecodedEvent[];
  quarantined: QuarantinedRecord[];
  /** Records of a message that stands in the batch before, with the same content: nothing to do. */
  twins: number;
}

/**
 * Events and faults of a batch. Of twins (same source and message id) the first counts; one with other content goes
 * into quarantine, like a record that cannot be decoded.
 */
export function decodeBatch(batch: RecordBatch): DecodedBatch {
  const seen = new Map<string, DecodedEvent>();
  const decoded: DecodedBatch = { events: [], quarantined: [], twins: 0 };
  for (const record of batch.records) {
    const result = decodeRecord(record, { logId: batch.logId });
    if ('fault' in result) {
      decoded.quarantined.push({ record, ...result });
      continue;
    }
    const first = seen.get(result.identity);
    if (!first) {
      const event = { ...result, record };
      seen.set(result.identity, event);
      decoded.events.push(event);
    } else if (first.contentHash.equals(result.contentHash)) decoded.twins++;
    else
      decoded.quarantined.push({
        record,
        fault: 'identity_conflict',
        detail: `same source and message id as offset ${first.record.offset}, other content`,
      });
  }
  return decoded;
}
