import type { PublishRequest } from '@bus/contracts';
import { v7 } from 'uuid';

/** An id made here, not by the bus: a second try says the same event again. */
export function withMessageId<T extends PublishRequest>(event: T): T & { messageId: string } {
  return { ...event, messageId: event.messageId ?? v7() };
}
