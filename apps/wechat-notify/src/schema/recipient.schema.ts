import { EntitySchema } from 'typeorm';

/** Where a user is reached. Kept up to date by whoever owns the users. */
export interface Recipient {
  userId: string;
  /** The user's open id within the official account. */
  openId: string;
}

export const RecipientSchema = new EntitySchema<Recipient>({
  name: 'recipient',
  schema: 'wechat_notify',
  columns: {
    userId: { name: 'user_id', type: 'text', primary: true, primaryKeyConstraintName: 'recipient_pkey' },
    openId: { name: 'open_id', type: 'text' },
  },
});
