import { EntitySchema } from 'typeorm';

/** Where a user is reached. Kept up to date by whoever owns the users. */
export interface Recipient {
  userId: string;
  /** The user's phone number, E.164. */
  phone: string;
}

export const RecipientSchema = new EntitySchema<Recipient>({
  name: 'recipient',
  schema: 'sms',
  columns: {
    userId: { name: 'user_id', type: 'text', primary: true, primaryKeyConstraintName: 'recipient_pkey' },
    phone: { type: 'text' },
  },
});
