import { Injectable } from '@nestjs/common';
import type { LinkedEvent } from '../event-repairs';
import type { Page, PageRequest } from '../page';
import { Quarantine, type QuarantinedRecordSummary, type QuarantinedRecordView } from '../quarantine';
import { StorePool, named } from './connection';
import { readCursor, toPage, WHOLE_SHAPE } from './page-cursor';
import { readSnapshot } from './read-snapshot';

const SUMMARY = `log_id as "logId", partition, broker_offset::text as "offset", fault, detail,
  octet_length(key) as "keyBytes", octet_length(value) as "valueBytes", appended_at as "appendedAt",
  quarantined_at as "quarantinedAt", reprocessed_at as "reprocessedAt", reprocessed_by as "reprocessedBy"`;

/**
 * quarantine_quarantined_at_idx, backwards. $1–$4 key of the last row (microseconds, log, partition, offset) or null ·
 * $5 rows. Microseconds, since a JavaScript date would cut them and skip rows.
 */
const LIST = named(
  'quarantine.list',
  `select ${SUMMARY}, (extract(epoch from quarantined_at) * 1000000)::bigint::text as micros
     from bus.quarantine
    where $1::bigint is null or
      (quarantined_at, log_id, partition, broker_offset)
        < (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::text, $3::integer, $4::bigint)
    order by quarantined_at desc, log_id desc, partition desc, broker_offset desc limit $5`,
);

/** Primary key. $1 log · $2 partition · $3 offset */
const RECORD = named(
  'quarantine.record',
  `select ${SUMMARY}, key, value, headers from bus.quarantine
    where log_id = $1 and partition = $2 and broker_offset = $3`,
);

/** event_link_original_record_idx. $1 log · $2 partition · $3 offset */
const RESENT_AS = named(
  'quarantine.resent_as',
  `select source, message_id as "messageId", actor, reason, linked_at as "linkedAt" from bus.event_link
    where original_log_id = $1 and original_partition = $2 and original_offset = $3
    order by linked_at, message_id limit 100`,
);

const LOG_SHAPE = /^[\x21-\x7e]{1,512}$/;

@Injectable()
export class PostgresQuarantine extends Quarantine {
  constructor(private readonly pool: StorePool) {
    super();
  }

  list(page: PageRequest): Promise<Page<QuarantinedRecordSummary>> {
    return readSnapshot(this.pool, async (client) => {
      const last =
        page.cursor === null
          ? [null, null, null, null]
          : readCursor(page.cursor, [WHOLE_SHAPE, LOG_SHAPE, WHOLE_SHAPE, WHOLE_SHAPE]);
      const { rows } = await client.query<QuarantinedRecordSummary & { micros: string }>(
        LIST([...last, page.limit + 1]),
      );
      const found = toPage(rows, page.limit, (row) => [row.micros, row.logId, row.partition, row.offset]);
      return { ...found, rows: found.rows.map(({ micros: _, ...row }) => row) };
    });
  }

  record(logId: string, partition: number, offset: string): Promise<QuarantinedRecordView | null> {
    return readSnapshot(this.pool, async (client) => {
      const place = [logId, partition, offset];
      const [record] = (await client.query<Omit<QuarantinedRecordView, 'resentAs'>>(RECORD(place))).rows;
      if (!record) return null;
      return { ...record, resentAs: (await client.query<LinkedEvent>(RESENT_AS(place))).rows };
    });
  }
}
