import type { OperationSettings } from '@bus/contracts';
import { named } from './connection';

/** A graph version with today's settings of its operations, from one snapshot. */
export interface GraphRow {
  graphId: number;
  eventType: string;
  version: number;
  operations: (OperationSettings & { operationId: number })[];
  live: OperationSettings[];
}

/** The primary key of `operation` finds the live settings of each version's operations. */
const GRAPH = `
select g.graph_id as "graphId", g.event_type as "eventType", g.version, g.operations,
       coalesce((select jsonb_agg(o.settings || jsonb_build_object('name', o.name, 'state', o.state))
          from jsonb_array_elements(g.operations) item
          join bus.operation o on o.operation_id = (item->>'operationId')::integer), '[]') as live
  from bus.operation_graph g`;

/** One row by its primary key. */
export const REVISION = named('graphs.revision', 'select revision::text from bus.configuration');

/** operation_graph_active_idx. */
export const ACTIVE = named('graphs.active', `${GRAPH} where g.state = 'active' order by g.event_type`);

/** Primary key. $1 graph ids */
export const BY_IDS = named('graphs.by_ids', `${GRAPH} where g.graph_id = any ($1::integer[])`);

/** operation_graph_active_idx. $1 event type */
export const ACTIVE_OF = named('graphs.active_of', `${GRAPH} where g.state = 'active' and g.event_type = $1`);

/** Primary key, backwards. $1 event type or null · $2 limit */
export const HISTORY = named(
  'graphs.history',
  `select graph_id as "graphId", event_type as "eventType", version, state, operations,
          activated_at as "activatedAt", activated_by as "activatedBy"
     from bus.operation_graph where $1::text is null or event_type = $1
    order by graph_id desc limit $2`,
);

/** Before any other lock: configuration → operation_graph → operation. */
export const LOCK_CONFIGURATION = named('graphs.lock', 'select from bus.configuration for update');

/** $1 event type · $2 the version expected to be active. 0 rows: another change came first. */
export const RETIRE = named(
  'graphs.retire',
  `update bus.operation_graph set state = 'retired', retired_at = clock_timestamp()
    where event_type = $1 and version = $2 and state = 'active'`,
);

/** Rows in order of their names. $1 names · $2 event types · $3 settings as JSON · $4 states · $5 names that keep theirs */
export const SAVE_OPERATIONS = named(
  'graphs.save_operations',
  `insert into bus.operation as known (name, event_type, settings, state)
   select name, event_type, settings::jsonb, state
     from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as given(name, event_type, settings, state)
    order by name collate "C"
   on conflict (name) do update set event_type = excluded.event_type, settings = excluded.settings,
     state = case when known.name = any ($5::text[]) then known.state else excluded.state end
   returning operation_id as "operationId", name`,
);

/** operation_graph_active_idx lets one in. $1 event type · $2 operations as JSON · $3 actor */
export const INSERT_VERSION = named(
  'graphs.insert_version',
  `insert into bus.operation_graph (event_type, version, state, operations, activated_by)
   select $1, coalesce(max(version), 0) + 1, 'active', $2::jsonb, $3
     from bus.operation_graph where event_type = $1
   returning graph_id as "graphId", version`,
);

/** Names that are in the active graphs of two event types. $1 names */
export const SHARED = named(
  'graphs.shared',
  `select item->>'name' as name
     from bus.operation_graph g cross join jsonb_array_elements(g.operations) item
    where g.state = 'active' and item->>'name' = any ($1::text[])
    group by 1 having count(*) > 1 order by 1`,
);

/** operation_name_key. $1 name · $2 state */
export const SET_STATE = named(
  'graphs.set_state',
  'update bus.operation set state = $2 where name = $1 and state <> $2',
);

/** operation_name_key. $1 name */
export const KNOWN = named('graphs.known', 'select from bus.operation where name = $1');
