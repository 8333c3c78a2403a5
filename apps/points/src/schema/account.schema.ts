import { EntitySchema } from 'typeorm';

/** Points of one customer. The balance is the sum of the account's ledger entries. */
export interface Account {
  /** The customer's user id. */
  accountId: string;
  /** A bigint as text. */
  balance: string;
}

export const AccountSchema = new EntitySchema<Account>({
  name: 'account',
  schema: 'points',
  columns: {
    accountId: {
      name: 'account_id',
      type: 'text',
      primary: true,
      primaryKeyConstraintName: 'account_pkey',
    },
    balance: { type: 'bigint' },
  },
});
