import { ATTEMPT_OUTCOMES, DEAD_CAUSES } from '@bus/contracts';
import { named, type StorePool } from '../../../postgres/connection';
import { PostgresEventControlStore } from '../../../postgres/event-control.repository';
import { PostgresEventInbox } from '../../../postgres/event-inbox.repository';
import { PostgresExecutionControl } from '../../../postgres/execution-control.repository';
import { PostgresExecutionLedger } from '../../../postgres/execution-ledger.repository';
import { PostgresOperationGraphs } from '../../../postgres/operation-graph.repository';
import { sorted, type ComparedSnapshot } from './compared-snapshot';
import type { StoreSide } from './store-side';

const minutes = (time: string) => `round(extract(epoch from ${time} - clock_timestamp()) / 60)::int`;
const rows = (name: string, select: string) =>
  `'${name}', (select coalesce(json_agg(x), '[]') from (${select}) x)`;
const nameOf = (id: string) => `(select name from bus.operation o where o.operation_id = ${id})`;
const messageOf = (id: string) => `(select message_id from bus.event n where n.event_id = ${id})`;
const words = (list: readonly string[]) => `array[${list.map((word) => `'${word}'`).join()}]`;

const SNAPSHOT = named(
  'conformance.snapshot',
  `select json_build_object(
  ${rows(
    'executions',
    `select e.message_id as m, x.operation as op, x.state, x.attempt,
            coalesce(f.counted, d.counted, w.counted) as counted,
            concat_ws(',', case when f.event_id is not null then 'in_flight' end,
              case when d.event_id is not null then 'due' end, case when w.event_id is not null then 'waiting' end,
              case when l.event_id is not null then 'dead_letter' end) as homes,
            ${minutes('d.due_at')} as "dueMin", ${minutes('f.lease_until')} as "leaseMin",
            coalesce(d.key, w.key) as key, w.place,
            case when coalesce(d.pending, w.pending) is not null then coalesce(
              (select string_agg(o.name, ',' order by o.name collate "C") from bus.operation o
                where o.operation_id = any (coalesce(d.pending, w.pending))), '') end as pending,
            (${words(DEAD_CAUSES)})[l.cause + 1] as cause, coalesce(r.runs, 0) as forced
       from bus.execution x join bus.event e using (event_id)
       left join bus.in_flight f using (event_id, operation_id) left join bus.due d using (event_id, operation_id)
       left join bus.waiting w using (event_id, operation_id)
       left join bus.dead_letter l using (event_id, operation_id)
       left join bus.forced_run r using (event_id, operation_id)`,
  )},
  ${rows(
    'attempts',
    `select ${messageOf('a.event_id')} as m, ${nameOf('a.operation_id')} as op, a.attempt,
            (${words(ATTEMPT_OUTCOMES)})[a.outcome + 1] as outcome, a.code, a.output from bus.attempt a`,
  )},
  ${rows(
    'lanes',
    `select ${nameOf('n.operation_id')} as op, n.key, ${messageOf('n.head_event_id')} as head, n.next_place as next,
            ${messageOf('n.blocked_by')} as blocked from bus.lane n`.replaceAll(
      'bus.event n where n.',
      'bus.event e where e.',
    ),
  )},
  ${rows(
    'events',
    `select e.message_id as m, i.cancelled_at is not null as cancelled, ${minutes('e.deliver_at')} as "dueMin",
            e.graph_id is not null as routed
       from bus.event e join bus.event_identity i on i.identity = bus.identity_of(e.source, e.message_id)`,
  )},
  ${rows('quarantine', `select broker_offset::text as offset, fault from bus.quarantine`)},
  ${rows(
    'placeholders',
    `select identity, cancelled_at is not null as cancelled, ${minutes('deliver_at')} as "dueMin"
       from bus.event_identity where event_id is null`,
  )},
  'positions', (select json_agg(next_offset::text order by partition) from bus.consumer_offset)) as snapshot`,
);

const FORGET = [
  ...[
    'in_flight',
    'due',
    'waiting',
    'lane',
    'attempt',
    'dead_letter',
    'forced_run',
    'event',
    'event_identity',
  ],
  ...['quarantine', 'consumer_offset', 'operation_graph', 'operation'],
]
  .map((table) => `delete from bus.${table}`)
  .join(';');

/** All times move back: for the rows, time has passed. $1 ms */
const WAIT = named(
  'conformance.wait',
  `with past as (select $1::float8 * interval '1 ms' as by),
   d as (update bus.due set due_at = due_at - (select by from past)),
   f as (update bus.in_flight set lease_until = lease_until - (select by from past)),
   o as (update bus.operation set refilled_at = refilled_at - (select by from past)),
   i as (update bus.event_identity set deliver_at = deliver_at - (select by from past))
   update bus.event set deliver_at = deliver_at - (select by from past), stored_at = stored_at - (select by from past)`,
);

/** See `StoreSide.evenOut`. `now()`: one time for all rows. */
const EVEN_OUT = named(
  'conformance.even_out',
  `update bus.due d
      set due_at = now() + (round(extract(epoch from d.due_at - now()) / 60) * 60 - 1) * interval '1 s'
                   + k.rank * interval '1 ms'
     from (select event_id, operation_id, rank() over (partition by operation_id order by event_id) as rank
             from bus.due) k
    where k.event_id = d.event_id and k.operation_id = d.operation_id`,
);

/** Everything stored before is deleted. */
export async function openPostgresSide(pool: StorePool): Promise<StoreSide> {
  await pool.query(FORGET);
  const side: StoreSide = {
    inbox: new PostgresEventInbox(pool),
    ledger: new PostgresExecutionLedger(pool),
    control: new PostgresEventControlStore(pool),
    executions: new PostgresExecutionControl(pool),
    graphs: new PostgresOperationGraphs(pool),
    at: (ms) => new Date(Date.now() + ms).toISOString(),
    async wait(ms) {
      await pool.query(WAIT([ms]));
      side.ledger = new PostgresExecutionLedger(pool); // its marks are of another time
    },
    async evenOut() {
      await pool.query(EVEN_OUT());
    },
    async snapshot() {
      const answer = await pool.query<{ snapshot: ComparedSnapshot }>(SNAPSHOT());
      return sorted((answer.rows[0] as { snapshot: ComparedSnapshot }).snapshot);
    },
  };
  return side;
}
