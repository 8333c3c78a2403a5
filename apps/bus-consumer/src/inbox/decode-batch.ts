import type { RecordBatch } from '@bus/broker';
import { decodeRecord, type DecodedRecord, type IncomingRecord } from '@bus/domain';
import type { QuarantinedRecord } from '@bus/store';

export interface DecodedEvent extends DecodedRecord {
  record: IncomingRecord;
  /** Its repeats in the batch; absent where it has none. */
  twins?: IncomingRecord[];
}

export interface DecodedBatch {
  /** Each message once, ascending by offset. */
  events: DecodedEvent[];
  quarantined: QuarantinedRecord[];
  /** Records of a message that stands in the batch before, with the same content: nothing to do. */
  twins: number;
  /** Position behind what was decoded. */
  nextOffset: bigint;
  /** What is left, for a transaction of its own; `null`: nothing. */
  rest: RecordBatch | null;
}

/**
 * Events and faults of a batch, up to a twin (same source and message id) with other content: which of the two counts is
 * known to the store alone, where the message may stand since long before this batch. So the twin begins the rest, which
 * is decoded once this much is stored.
 */
export function decodeBatch(batch: RecordBatch): DecodedBatch {
  const seen = new Map<string, DecodedEvent>();
  const { nextOffset } = batch;
  const decoded: DecodedBatch = { events: [], quarantined: [], twins: 0, nextOffset, rest: null };
  for (let at = 0; at < batch.records.length; at++) {
    const record = batch.records[at];
    const result = decodeRecord(record, { logId: batch.logId });
    if ('fault' in result) {
      decoded.quarantined.push({ record, ...result });
      continue;
    }
    const first = seen.get(result.identity);
    if (!first) {
      const { event: incoming, payload, identity, contentHash } = result;
      const event: DecodedEvent = { event: incoming, payload, identity, contentHash, record };
      seen.set(result.identity, event);
      decoded.events.push(event);
    } else if (first.contentHash.equals(result.contentHash)) {
      decoded.twins++;
      (first.twins ??= []).push(record);
    } else
      return {
        ...decoded,
        nextOffset: record.offset,
        rest: { ...batch, start: record.offset, records: batch.records.slice(at) },
      };
  }
  return decoded;
}
