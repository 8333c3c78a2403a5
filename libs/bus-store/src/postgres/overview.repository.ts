import { Injectable } from '@nestjs/common';
import { BusOverview, COUNT_LIMIT, type BusOverviewView } from '../bus-overview';
import { StorePool, named } from './connection';
import { readSnapshot } from './read-snapshot';

type Totals = Omit<BusOverviewView, 'operations' | 'positions'>;

/** Rows per operation of a table, at most COUNT_LIMIT in all. */
const perOperation = (table: string, more = '') =>
  `(select c.operation_id, count(*)::int as rows ${more}
      from (select * from ${table} limit ${COUNT_LIMIT}) c group by 1)`;

const OPERATIONS = named(
  'overview.operations',
  `select o.name as operation, coalesce(f.rows, 0) as "inFlight", coalesce(d.rows, 0) as due,
          coalesce(d.overdue, 0) as overdue, coalesce(w.rows, 0) as waiting, coalesce(l.rows, 0) as "deadLetters"
     from bus.operation o
     left join ${perOperation('bus.in_flight')} f using (operation_id)
     left join ${perOperation(
       'bus.due',
       ', count(*) filter (where c.due_at <= (select clock_timestamp()))::int as overdue',
     )} d using (operation_id)
     left join ${perOperation('bus.waiting')} w using (operation_id)
     left join ${perOperation('bus.dead_letter')} l using (operation_id)
    order by o.name`,
);

const bounded = (what: string) => `(select count(*)::int from (select ${what} limit ${COUNT_LIMIT}) c)`;

/**
 * Clocks stand in sub-selects: a bare volatile function cannot bound an index scan. The oldest due row of each
 * operation is the first of due's primary key.
 */
const TOTALS = named(
  'overview.totals',
  `select ${bounded(
    `from bus.event where event_id >= (select bus.first_event_id(clock_timestamp() - interval '1 hour'))`,
  )} as "eventsLastHour",
          ${bounded('from bus.in_flight')} as "inFlight",
          ${bounded('from bus.due')} as due,
          ${bounded(`from bus.due where due_at <= (select clock_timestamp())`)} as overdue,
          coalesce((
            select greatest(0, floor(extract(epoch from clock_timestamp() - min(first.due_at)) * 1000))
              from bus.operation o
             cross join lateral (
               select due_at from bus.due d where d.operation_id = o.operation_id order by due_at limit 1) first
             where o.state = 'active'), 0)::float8 as "overdueForMs",
          ${bounded('from bus.waiting')} as waiting,
          ${bounded('from bus.lane where blocked_by is not null')} as "blockedLanes",
          ${bounded('from bus.dead_letter')} as "deadLetters",
          ${bounded('from bus.quarantine')} as quarantined,
          clock_timestamp() as "readAt"`,
);

const POSITIONS = named(
  'overview.positions',
  `select log_id as "logId", partition, next_offset::text as "nextOffset"
     from bus.consumer_offset order by log_id, partition`,
);

@Injectable()
export class PostgresBusOverview extends BusOverview {
  constructor(private readonly pool: StorePool) {
    super();
  }

  read(): Promise<BusOverviewView> {
    return readSnapshot(this.pool, async (client) => {
      const [totals] = (await client.query<Totals>(TOTALS())).rows as [Totals];
      const operations = (await client.query<BusOverviewView['operations'][number]>(OPERATIONS())).rows;
      const positions = (await client.query<BusOverviewView['positions'][number]>(POSITIONS())).rows;
      return { ...totals, operations, positions };
    });
  }
}
