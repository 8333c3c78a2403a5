import type { Page, PageRequest } from './page';

/** One line of who changed what. Hashes are SHA-256 in hex; `null`: there was nothing. */
export interface AuditEntry {
  /** A bigint as text. */
  auditId: string;
  at: Date;
  actor: string;
  action: string;
  target: string;
  beforeHash: string | null;
  afterHash: string | null;
  reason: string | null;
  ip: string | null;
  result: string;
}

/** Port: the audit, newest first, for people. */
export abstract class AuditTrail {
  abstract list(page: PageRequest): Promise<Page<AuditEntry>>;
}
