import { Injectable } from '@nestjs/common';
import {
  Reconciliation,
  type OperationTotal,
  type ReconcileFault,
  type ReconcileFaultKind,
  type ReconcileSearch,
} from '../reconciliation';
import { StorePool } from './connection';
import {
  ATTEMPT_GAPS,
  BAD_HOMES,
  EXPIRED,
  FIRST_ID,
  LANE_HEADS,
  LOST,
  LOST_WAKEUPS,
  NEXT_PAGE,
  OPERATION_NAMES,
  TOTALS,
} from './reconciliation-statements';

const FIRST = '00000000-0000-0000-0000-000000000000';
const LAST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const PAGE_EVENTS = 2_000;
const MOST_PAGE_EVENTS = 10_000;
const PAGE_LANES = 5_000;
const MOST_FAULTS = 1_000;
const PAGE_CHECKS = [LOST, BAD_HOMES, ATTEMPT_GAPS, LOST_WAKEUPS, EXPIRED];

interface FoundFault {
  kind: ReconcileFaultKind;
  eventId: string;
  operationId: number;
  detail: string;
}

/** Event ids behind `after`, up to `last`. */
interface IdRange {
  after: string;
  last: string;
}

@Injectable()
export class PostgresReconciliation extends Reconciliation {
  constructor(private readonly pool: StorePool) {
    super();
  }

  async faults(search: ReconcileSearch = {}): Promise<ReconcileFault[]> {
    const limit = search.limit ?? MOST_FAULTS;
    const found: FoundFault[] = [];
    for await (const { after, last } of this.pages(search)) {
      for (const check of PAGE_CHECKS) {
        if (found.length >= limit) break;
        const { rows } = await this.pool.query<FoundFault>(check([after, last, limit - found.length]));
        found.push(...rows);
      }
      if (found.length >= limit) break;
    }
    if (found.length < limit) found.push(...(await this.laneFaults(limit - found.length)));
    return this.withNames(found);
  }

  async totals(search: Omit<ReconcileSearch, 'limit'> = {}): Promise<OperationTotal[]> {
    const totals = new Map<string, OperationTotal>();
    for await (const { after, last } of this.pages(search)) {
      const { rows } = await this.pool.query<OperationTotal>(TOTALS([after, last]));
      for (const row of rows) {
        const name = `${row.operation} ${row.state}`;
        const known = totals.get(name);
        if (known) known.executions += row.executions;
        else totals.set(name, row);
      }
    }
    return [...totals.values()].sort(
      (a, b) => a.operation.localeCompare(b.operation) || (a.state ?? '').localeCompare(b.state ?? ''),
    );
  }

  /** Ranges that cut all ids from the search's start on, each with a page's events; the last one is open. */
  private async *pages({ since, pageEvents, onPage }: ReconcileSearch): AsyncGenerator<IdRange> {
    const size = Math.min(Math.max(pageEvents ?? PAGE_EVENTS, 1), MOST_PAGE_EVENTS);
    let after = since ? await this.firstId(since) : FIRST;
    for (let seen = 0; ;) {
      const { rows } = await this.pool.query<{ events: number; last: string | null }>(
        NEXT_PAGE([after, size]),
      );
      const [{ events, last }] = rows;
      const isLast = events < size || last === null;
      yield { after, last: isLast ? LAST : last };
      seen += events;
      onPage?.(seen);
      if (isLast) return;
      after = last;
    }
  }

  private async firstId(since: Date): Promise<string> {
    const { rows } = await this.pool.query<{ event_id: string }>(FIRST_ID([since]));
    return rows[0].event_id;
  }

  private async laneFaults(limit: number): Promise<FoundFault[]> {
    const found: FoundFault[] = [];
    for (let after: [number, string] = [0, '']; found.length < limit;) {
      const { rows } = await this.pool.query<{
        operationId: number;
        key: string;
        eventId: string;
        detail: string | null;
      }>(LANE_HEADS([...after, PAGE_LANES]));
      for (const { operationId, eventId, detail } of rows)
        if (detail !== null) found.push({ kind: 'lane_head_lost', eventId, operationId, detail });
      const last = rows.at(-1);
      if (!last || rows.length < PAGE_LANES) break;
      after = [last.operationId, last.key];
    }
    return found.slice(0, limit);
  }

  private async withNames(found: readonly FoundFault[]): Promise<ReconcileFault[]> {
    const ids = [...new Set(found.map(({ operationId }) => operationId))];
    const { rows } = await this.pool.query<{ operationId: number; name: string }>(OPERATION_NAMES([ids]));
    const names = new Map(rows.map(({ operationId, name }) => [operationId, name]));
    return found.map(({ operationId, ...fault }) => ({
      ...fault,
      operation: names.get(operationId) ?? `operation ${operationId}`,
    }));
  }
}
