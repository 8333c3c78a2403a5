import { LIMITS } from '@bus/contracts';
import { identityOf } from '@bus/domain';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import {
  EventRepairs,
  type LinkOrigin,
  type LinkOutcome,
  type LinkRequest,
  type RecordPlace,
  type RepairLine,
} from '../event-repairs';
import { writeAudit } from './audit-statement';
import { StorePool, named } from './connection';
import { TransactionAgain } from './connection.errors';
import { inTransaction } from './transaction';

/** A second click comes within this time; a person who means it gives a message id. */
const SECOND_CLICK = "interval '60 s'";
/** So many resends of one event are numbered by themselves. */
const MOST_NUMBERED = 1_000;

/** One resend of one origin at a time: whether another was just made is looked at behind this lock. $1 origin */
const LOCK_ORIGIN = named(
  'repair.lock_origin',
  `select pg_advisory_xact_lock(hashtextextended('event_link ' || $1, 0))`,
);

/** event_link_original_event_id_idx, event_link_original_record_idx. $1 event id · $2–$4 record · $5 hash */
const RECENT = named(
  'repair.recent_link',
  `select message_id from bus.event_link
    where (original_event_id = $1::uuid
        or (original_log_id = $2 and original_partition = $3 and original_offset = $4))
      and content_hash = $5 and linked_at > (select clock_timestamp()) - ${SECOND_CLICK}
    order by linked_at desc limit 1`,
);

/** Primary keys of event_link and event_identity, one look-up per number. $1 source · $2 message id · $3 first · $4 last */
const FREE_NUMBER = named(
  'repair.free_number',
  `select n from generate_series($3::int, $4::int) n
    where (select true from bus.event_link where identity = bus.identity_of($1, $2 || '~' || n)) is null
      and (select true from bus.event_identity where identity = bus.identity_of($1, $2 || '~' || n)) is null
    order by n limit 1`,
);

/** Primary keys. 0 rows: the id is in use. $1 identity … $11 reason */
const INSERT = named(
  'repair.link',
  `insert into bus.event_link (identity, source, message_id, content_hash, original_event_id, original_log_id,
                               original_partition, original_offset, actor, reason)
   select $1::uuid, $2, $3, $4, $5::uuid, $6, $7::int, $8::bigint, $9, $10
    where (select true from bus.event_identity where identity = $1::uuid) is null
   on conflict (identity) do nothing`,
);

/** Primary key. $1 identity · $2 event id · $3–$5 record · $6 hash */
const SAME = named(
  'repair.same_link',
  `select true from bus.event_link
    where identity = $1 and content_hash = $6 and original_event_id is not distinct from $2::uuid
      and original_log_id is not distinct from $3 and original_partition is not distinct from $4::int
      and original_offset is not distinct from $5::bigint`,
);

/** Primary key. $1–$3 record · $4 who */
const MARK = named(
  'repair.mark_reprocessed',
  `update bus.quarantine set reprocessed_at = clock_timestamp(), reprocessed_by = $4
    where log_id = $1 and partition = $2 and broker_offset = $3 and reprocessed_at is null`,
);

@Injectable()
export class PostgresEventRepairs extends EventRepairs {
  constructor(private readonly pool: StorePool) {
    super();
  }

  link(request: LinkRequest): Promise<LinkOutcome> {
    return inTransaction(this.pool, async (client) => {
      await client.query(LOCK_ORIGIN([targetOf(request.origin)]));
      const outcome =
        'id' in request.messageId
          ? await linkUnder(client, request, request.messageId.id)
          : await linkNumbered(client, request, request.messageId.after);
      await writeAudit(client, {
        ...request.author,
        action: 'eventId' in request.origin ? 'events.resend' : 'quarantine.resend',
        target: targetOf(request.origin),
        after: request.contentHash.toString('hex'),
        result:
          outcome.outcome === 'taken'
            ? 'refused: conflict'
            : `${outcome.outcome}: ${request.source} ${outcome.messageId}`,
      });
      return outcome;
    });
  }

  markReprocessed(place: RecordPlace, line: RepairLine): Promise<boolean> {
    return inTransaction(this.pool, async (client) => {
      const { logId, partition, offset } = place;
      const marked = await client.query(MARK([logId, partition, offset, line.author.actor]));
      if (marked.rowCount === 0) return false;
      await writeAudit(client, toAudit(line));
      return true;
    });
  }

  note(line: RepairLine): Promise<void> {
    return inTransaction(this.pool, (client) => writeAudit(client, toAudit(line)));
  }
}

async function linkUnder(client: PoolClient, request: LinkRequest, messageId: string): Promise<LinkOutcome> {
  const { origin, source, contentHash, author } = request;
  const identity = identityOf(source, messageId);
  const from = columnsOf(origin);
  const inserted = await client.query(
    INSERT([identity, source, messageId, contentHash, ...from, author.actor, author.reason]),
  );
  if (inserted.rowCount === 1) return { outcome: 'linked', messageId };
  const same = await client.query(SAME([identity, ...from, contentHash]));
  return same.rowCount === 1 ? { outcome: 'repeated', messageId } : { outcome: 'taken' };
}

async function linkNumbered(client: PoolClient, request: LinkRequest, after: string): Promise<LinkOutcome> {
  const recent = await client.query<{ message_id: string }>(
    RECENT([...columnsOf(request.origin), request.contentHash]),
  );
  const [found] = recent.rows;
  if (found) return { outcome: 'recent', messageId: found.message_id };
  const { stem, first } = numberedFrom(after);
  if (stem.length + String(first + MOST_NUMBERED).length + 1 > LIMITS.messageIdLength)
    return { outcome: 'taken' };
  const { rows } = await client.query<{ n: number }>(
    FREE_NUMBER([request.source, stem, first, first + MOST_NUMBERED]),
  );
  const [free] = rows;
  if (!free) return { outcome: 'taken' };
  const outcome = await linkUnder(client, request, `${stem}~${free.n}`);
  if (outcome.outcome === 'linked') return outcome;
  // Another origin's resend, or a publisher, took that id between the two statements.
  throw new TransactionAgain('a message id was taken after it had been found free');
}

/** `paid` → `paid~2` on; `paid~2` → `paid~3` on, so that a resend of a resend does not grow a tail. */
function numberedFrom(messageId: string): { stem: string; first: number } {
  const match = /^(.+)~([1-9]\d{0,5})$/.exec(messageId);
  return match ? { stem: match[1], first: Number(match[2]) + 1 } : { stem: messageId, first: 2 };
}

function columnsOf(origin: LinkOrigin): unknown[] {
  if ('eventId' in origin) return [origin.eventId, null, null, null];
  const { logId, partition, offset } = origin.record;
  return [null, logId, partition, offset];
}

function targetOf(origin: LinkOrigin): string {
  if ('eventId' in origin) return origin.eventId;
  const { logId, partition, offset } = origin.record;
  return `${logId} ${partition} ${offset}`;
}

function toAudit({ author, ...line }: RepairLine) {
  return { ...line, ...author };
}
