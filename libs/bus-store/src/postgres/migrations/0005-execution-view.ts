import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One state per execution, never stored twice (docs/guarantees.md, "home row" and the table of moves).
 * A home row wins over the last attempt. `outcome` 0 = completed, 1 = skipped; `cause` 0 = rejected (bus-contracts).
 * A state of null is a fault: an execution without a home and without an end.
 * Filter by event_id: every join is then one look-up in a primary key. Scalar sub-selects, not `exists`: that one may
 * be answered by reading and hashing a whole table.
 */
export const EXECUTION_VIEW = `
  select e.event_id, o.operation_id, o.operation,
      case
        when f.event_id is not null then 'in_flight'
        when d.event_id is not null then
          case
            when live.state <> 'active' then 'held'
            when d.attempt > 0 then 'retrying'
            else 'scheduled'
          end
        when w.event_id is not null then
          case
            -- a dependency that died stays in pending only where this operation says block
            when (select true from bus.dead_letter x
                   where x.event_id = w.event_id and x.operation_id = any (w.pending) limit 1) then 'held'
            when w.place is not null and (
              select n.blocked_by is not null from bus.lane n
               where n.operation_id = w.operation_id and n.key = w.key) then 'held'
            else 'waiting'
          end
        when l.event_id is not null then case l.cause when 0 then 'rejected' else 'dead' end
        when last.outcome = 0 then 'completed'
        when last.outcome = 1 then 'skipped'
        when last.outcome is null and (
          select i.cancelled_at is not null from bus.event_identity i
           where i.identity = bus.identity_of(e.source, e.message_id)) then 'cancelled'
      end as state,
      coalesce(f.attempt, d.attempt, w.attempt, l.attempt, last.attempt, 0) as attempt,
      d.due_at
    from bus.event e
    join bus.operation_graph g on g.graph_id = e.graph_id
    cross join lateral (
      select (item->>'operationId')::integer as operation_id, item->>'name' as operation
        from jsonb_array_elements(g.operations) item) o
    left join bus.operation live on live.operation_id = o.operation_id
    left join bus.in_flight f on f.event_id = e.event_id and f.operation_id = o.operation_id
    left join bus.due d on d.event_id = e.event_id and d.operation_id = o.operation_id
    left join bus.waiting w on w.event_id = e.event_id and w.operation_id = o.operation_id
    left join bus.dead_letter l on l.event_id = e.event_id and l.operation_id = o.operation_id
    left join lateral (
      select a.attempt, a.outcome from bus.attempt a
       where a.event_id = e.event_id and a.operation_id = o.operation_id
       order by a.attempt desc limit 1) last on true`;

export class ExecutionView0005 implements MigrationInterface {
  name = 'ExecutionView0000000000005';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`create view bus.execution as ${EXECUTION_VIEW}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop view bus.execution');
  }
}
