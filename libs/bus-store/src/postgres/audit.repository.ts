import { Injectable } from '@nestjs/common';
import { AuditTrail, type AuditEntry } from '../audit-trail';
import type { Page, PageRequest } from '../page';
import { StorePool, named } from './connection';
import { readCursor, toPage, WHOLE_SHAPE } from './page-cursor';
import { readSnapshot } from './read-snapshot';

/** Primary key, backwards. $1 last id or null · $2 rows */
const LIST = named(
  'audit.list',
  `select audit_id::text as "auditId", at, actor, action, target, encode(before_hash, 'hex') as "beforeHash",
          encode(after_hash, 'hex') as "afterHash", reason, ip, result
     from bus.audit_entry where $1::bigint is null or audit_id < $1
    order by audit_id desc limit $2`,
);

@Injectable()
export class PostgresAuditTrail extends AuditTrail {
  constructor(private readonly pool: StorePool) {
    super();
  }

  list(page: PageRequest): Promise<Page<AuditEntry>> {
    return readSnapshot(this.pool, async (client) => {
      const last = page.cursor === null ? null : readCursor(page.cursor, [WHOLE_SHAPE])[0];
      const { rows } = await client.query<AuditEntry>(LIST([last, page.limit + 1]));
      return toPage(rows, page.limit, (entry) => [entry.auditId]);
    });
  }
}
