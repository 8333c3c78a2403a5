import { createHash } from 'node:crypto';
import { named, type Queryable } from './connection';

/** One line of the audit. What was changed is kept as a hash: the history holds the things themselves. */
export interface AuditLine {
  actor: string;
  /** `<thing>.<verb>`: `operations.activate`. */
  action: string;
  target: string;
  /** JSON; absent or `null`: there was none. */
  before?: unknown;
  after?: unknown;
  reason?: string | null;
  ip?: string | null;
  /** What came of it: `activated version 4`, `refused: conflict`. */
  result: string;
}

const INSERT = named(
  'audit.insert',
  `insert into bus.audit_entry (actor, action, target, before_hash, after_hash, reason, ip, result)
   values ($1, $2, $3, $4, $5, $6, $7, $8)`,
);

/** Appends to `audit_entry`, in the transaction of what it tells. */
export async function writeAudit(client: Queryable, line: AuditLine): Promise<void> {
  const { actor, action, target, before, after, reason, ip, result } = line;
  await client.query(
    INSERT([actor, action, target, hashOf(before), hashOf(after), reason ?? null, ip ?? null, result]),
  );
}

/** SHA-256 of the value as JSON. */
function hashOf(value: unknown): Buffer | null {
  if (value === undefined || value === null) return null;
  return createHash('sha256').update(JSON.stringify(value)).digest();
}
