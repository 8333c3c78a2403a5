import { randomBytes } from 'node:crypto';
import { Clock } from '@bus/app-shell';
import { BusError } from '@bus/contracts';
import { decodeRecord, encodeRecord, newEventId, type IncomingRecord } from '@bus/domain';
import {
  EventRepairs,
  Quarantine,
  type QuarantinedRecordView,
  type RecordPlace,
  type RepairLine,
} from '@bus/store';
import { Injectable } from '@nestjs/common';
import type { ResendAuthor } from './event-resend';
import { RepairPublisher, type PublishedAt } from './repair-publisher';

export interface ReprocessedRecord extends PublishedAt {
  outcome: 'reprocessed';
  source: string;
  messageId: string;
  eventId: string;
}

/** It is still what it was put into quarantine for, or would be put there again. */
class StillFaultyError extends BusError {
  constructor(fault: string, detail: string) {
    super({
      code: 'unprocessable',
      message: `the record is still faulty: ${fault}; nothing was published`,
      faults: [{ path: '/record', message: detail }],
    });
  }
}

/**
 * Publishes a quarantined record again, once today's code can decode it: at the tail of its key, with a new event id,
 * so that it is stored with today's events. The row is marked after the broker has the record: a crash between the two
 * leaves it unmarked, and the next click publishes a twin that its identity dedupes.
 */
@Injectable()
export class QuarantineReprocess {
  constructor(
    private readonly quarantine: Quarantine,
    private readonly repairs: EventRepairs,
    private readonly publisher: RepairPublisher,
    private readonly clock: Clock,
  ) {}

  /** @throws StillFaultyError; BusError `not_found`, `conflict`; as RepairPublisher */
  async reprocess(place: RecordPlace, author: ResendAuthor): Promise<ReprocessedRecord> {
    const line = (result: string): RepairLine => ({
      action: 'quarantine.reprocess',
      target: `${place.logId} ${place.partition} ${place.offset}`,
      author,
      result,
    });
    try {
      const record = await this.unmarked(place);
      const event = { ...decoded(record), eventId: this.freshId() };
      const at = await this.publisher.publish(encodeRecord(event));
      const { source, messageId, eventId } = event;
      const isFirst = await this.repairs.markReprocessed(
        place,
        line(`published: ${source} ${messageId} at ${at.partition} ${at.offset}`),
      );
      if (!isFirst) throw secondClickError();
      return { outcome: 'reprocessed', source, messageId, eventId, ...at };
    } catch (error) {
      if (error instanceof BusError && error.code !== 'not_found')
        await this.repairs.note(line(`refused: ${error.code}`));
      throw error;
    }
  }

  /** @throws BusError `not_found`; `conflict` where it was published again before */
  async unmarked({ logId, partition, offset }: RecordPlace): Promise<QuarantinedRecordView> {
    const record = await this.quarantine.record(logId, partition, offset);
    if (record === null)
      throw new BusError({ code: 'not_found', message: 'no such record is in quarantine' });
    if (record.reprocessedAt !== null) throw secondClickError();
    return record;
  }

  private freshId(): string {
    return newEventId({ nowMs: this.clock.now().getTime(), random: randomBytes(16) });
  }
}

/** A quarantined record as it came from the broker. */
export function asIncoming(record: QuarantinedRecordView): IncomingRecord {
  return {
    partition: record.partition,
    offset: BigInt(record.offset),
    key: record.key,
    value: record.value,
    headers: record.headers.map(([name, value]) => [headerName(name), Buffer.from(value, 'base64')]),
    appendedAt: record.appendedAt,
  };
}

/** Names that Postgres could not hold are kept as `base64:…`. */
function headerName(name: string): string {
  return name.startsWith('base64:') ? Buffer.from(name.slice(7), 'base64').toString('utf8') : name;
}

function decoded(record: QuarantinedRecordView) {
  if (record.fault === 'identity_conflict')
    throw new StillFaultyError(
      'identity_conflict',
      'another content was stored under its message id, and would win again: resend it under a new messageId',
    );
  const result = decodeRecord(asIncoming(record), { logId: record.logId });
  if ('fault' in result) throw new StillFaultyError(result.fault, result.detail);
  return result.event;
}

function secondClickError(): BusError {
  return new BusError({
    code: 'conflict',
    message: 'the record was published again before; look at it for when and by whom',
  });
}
