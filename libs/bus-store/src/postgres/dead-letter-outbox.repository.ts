import { Injectable } from '@nestjs/common';
import { DEAD_CAUSES } from '@bus/contracts';
import { DeadLetterOutbox, type UnsentDeadLetter } from '../dead-letter-outbox';
import { named, StorePool } from './connection';
import { runAlone } from './transaction';

const ENABLE = named(
  'mirror.enable',
  'update bus.configuration set mirror_dead_letters = $1 where mirror_dead_letters <> $1',
);

/** dead_letter_mirror's primary key, oldest first; event by its own. $1 limit · $2 lease in ms */
const CLAIM_UNSENT = named(
  'mirror.claim',
  `
with ready as materialized (
  select mirror_id from bus.dead_letter_mirror where claimed_until < (select clock_timestamp())
   order by mirror_id limit $1 for update skip locked),
mine as (
  update bus.dead_letter_mirror m set claimed_until = clock_timestamp() + $2::float8 * interval '1 ms'
    from ready r where m.mirror_id = r.mirror_id returning m.*)
select m.mirror_id::text, m.attempt, m.cause, m.code, m.reason,
       to_char(m.died_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as died_at,
       coalesce(o.name, 'operation-' || m.operation_id) as operation,
       e.event_id, e.source, e.message_id, e.type, e.key, e.payload, e.traceparent,
       to_char(e.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as occurred_at,
       to_char(e.deliver_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as deliver_at
  from mine m
 cross join lateral (select * from bus.event e where e.event_id = m.event_id offset 0) e
  left join bus.operation o on o.operation_id = m.operation_id
 order by m.mirror_id`,
);

const SENT = named('mirror.sent', 'delete from bus.dead_letter_mirror where mirror_id = any ($1::bigint[])');

interface UnsentRow {
  mirror_id: string;
  attempt: number;
  cause: number;
  code: string | null;
  reason: string | null;
  died_at: string;
  operation: string;
  event_id: string;
  source: string;
  message_id: string;
  type: string;
  key: string | null;
  payload: string;
  traceparent: string | null;
  occurred_at: string;
  deliver_at: string | null;
}

/** The outbox `bus.dead_letter_mirror`, which a trigger on `dead_letter` fills. */
@Injectable()
export class PostgresDeadLetterOutbox extends DeadLetterOutbox {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async enable(on: boolean): Promise<void> {
    await this.pool.query(ENABLE([on]));
  }

  async claim(limit: number, leaseMs: number): Promise<UnsentDeadLetter[]> {
    const { rows } = await runAlone<UnsentRow>(this.pool, CLAIM_UNSENT([limit, leaseMs]));
    return rows.map(toUnsent);
  }

  async sent(mirrorIds: readonly string[]): Promise<void> {
    await this.pool.query(SENT([mirrorIds]));
  }
}

function toUnsent(row: UnsentRow): UnsentDeadLetter {
  return {
    mirrorId: row.mirror_id,
    event: {
      eventId: row.event_id,
      source: row.source,
      messageId: row.message_id,
      type: row.type,
      key: row.key,
      payload: row.payload,
      occurredAt: row.occurred_at,
      deliverAt: row.deliver_at,
      traceparent: row.traceparent,
    },
    operation: row.operation,
    attempt: row.attempt,
    cause: DEAD_CAUSES[row.cause],
    code: row.code,
    reason: row.reason,
    diedAt: row.died_at,
  };
}
