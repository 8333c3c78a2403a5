import type { QueryResult } from 'pg';
import { BendMissedError, type Bend } from './bend';

const LOCK = 'bus-lock-lanes';
const LOOK = 'bus-next-in-lane';

interface LockedRow {
  operation_id: number;
  key: string;
  next: Record<string, unknown>[] | null;
}

/**
 * Trap 5: the close's look for the next in a lane becomes part of the statement that locks the lane. While that one
 * waits, its snapshot ages: it gets the lane as it is now, and the rows as they were.
 */
export function lockAndLook(): Bend {
  const seen = new Map<string, Record<string, unknown>[]>();
  let looks = 0;
  return {
    async through(query, send) {
      if (query.name === LOCK) {
        if (!query.text.includes('for update of l')) throw new BendMissedError(`'${LOCK}' locks no lane`);
        const text = `with locked as materialized (${query.text})
          select l.*, (
            select json_agg(to_jsonb(w) || jsonb_build_object('place', w.place::text) order by w.place)
              from bus.waiting w where w.operation_id = l.operation_id and w.key = l.key and w.place is not null) as next
            from locked l`;
        const answer = await send({ ...query, name: `${LOCK}~look`, text });
        for (const row of answer.rows as LockedRow[])
          seen.set(`${row.operation_id}/${row.key}`, row.next ?? []);
        return answer;
      }
      if (query.name !== LOOK) return send(query);
      looks += 1;
      const [operationIds, keys, leavingEvents, leavingOperations] = query.values as [
        number[],
        string[],
        string[],
        number[],
      ];
      const leaving = new Set(leavingEvents.map((id, index) => `${id}/${leavingOperations[index]}`));
      const rows = operationIds.flatMap((operationId, index) => {
        const found = seen.get(`${operationId}/${keys[index]}`);
        if (!found) throw new BendMissedError(`'${LOOK}' looks into a lane that '${LOCK}' did not lock`);
        return found.filter((row) => !leaving.has(`${row['event_id']}/${operationId}`)).slice(0, 1);
      });
      return { rows, rowCount: rows.length, command: 'SELECT', oid: 0, fields: [] } as QueryResult;
    },
    assertUsed() {
      if (looks === 0) throw new BendMissedError(`no statement '${LOOK}' came by`);
    },
  };
}
