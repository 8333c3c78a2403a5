import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export interface MessageSent {
  executionId: string;
  recipient: string;
  content: string;
  provider: string;
  providerMessageId: string;
}

/** A repeat after a lost answer keeps the first row: the provider was called twice for one message. */
const ADD = `
INSERT INTO wechat_notify.sent_message (execution_id, recipient, content, provider, provider_message_id)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT ON CONSTRAINT sent_message_pkey DO NOTHING`;

/** What was sent, for people and tests to read. */
@Injectable()
export class SentMessageRepository {
  /** @param manager the effect's own transaction, or the data source's manager where the effect has none */
  async add(manager: EntityManager, message: MessageSent): Promise<void> {
    await manager.query(ADD, [
      message.executionId,
      message.recipient,
      message.content,
      message.provider,
      message.providerMessageId,
    ]);
  }
}
