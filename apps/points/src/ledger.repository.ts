import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface Grant {
  accountId: string;
  /** Whole points, ≥ 0. */
  points: number;
  executionId: string;
  messageId: string;
}

/** Entry and balance in one statement: one round trip, and the account's row is locked last. */
const APPEND = `
WITH entry AS (
  INSERT INTO points.ledger_entry (account_id, points, execution_id, message_id)
  VALUES ($1, $2, $3, $4)
  RETURNING account_id, points
)
INSERT INTO points.account AS a (account_id, balance)
SELECT account_id, points FROM entry
ON CONFLICT (account_id) DO UPDATE SET balance = a.balance + excluded.balance
RETURNING balance`;

/** The points ledger. */
@Injectable()
export class LedgerRepository {
  /**
   * Appends an entry and adds it to the account's balance; an unknown account is opened. 0 points are an entry too.
   * @param manager the transaction that holds the execution's idempotency row
   * @returns the new balance, a bigint as text
   * @throws QueryFailedError 23505 where the execution has an entry already (`ledger_entry_execution_key`)
   */
  async append(manager: EntityManager, grant: Grant): Promise<string> {
    const rows: { balance: string }[] = await manager.query(APPEND, [
      grant.accountId,
      grant.points,
      grant.executionId,
      grant.messageId,
    ]);
    return rows[0].balance;
  }
}
