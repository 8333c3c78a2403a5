import { EntitySchema } from 'typeorm';

/** One message that a provider took, or that the sandbox kept instead of sending it. Append only. */
export interface SentMessage {
  /** The execution that sent it: a second row for it is impossible. */
  executionId: string;
  /** As the provider knows it: open id within the official account; the sandbox has the user id. */
  recipient: string;
  /** The text as a person reads it. */
  content: string;
  provider: string;
  /** The provider's own id of the message. */
  providerMessageId: string;
  /** By the database's clock. */
  sentAt: Date;
}

export const SentMessageSchema = new EntitySchema<SentMessage>({
  name: 'sent_message',
  schema: 'wechat_notify',
  columns: {
    executionId: {
      name: 'execution_id',
      type: 'uuid',
      primary: true,
      primaryKeyConstraintName: 'sent_message_pkey',
    },
    recipient: { type: 'text' },
    content: { type: 'text' },
    provider: { type: 'text' },
    providerMessageId: { name: 'provider_message_id', type: 'text' },
    sentAt: { name: 'sent_at', type: 'timestamptz', default: () => 'clock_timestamp()' },
  },
});
