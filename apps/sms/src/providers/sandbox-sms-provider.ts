import { withIdempotency } from '@bus/consumer-kit';
import { completed, type OperationRequest, type OperationResult } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SentMessageRepository } from '../sent-message.repository';
import type { SmsText } from '../sms-texts';
import { SmsProvider } from './sms-provider';

/** Sends nothing: keeps each text in `sent_message`, in the effect's own transaction, and takes the user id itself. */
@Injectable()
export class SandboxSmsProvider extends SmsProvider {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sentMessages: SentMessageRepository,
  ) {
    super();
  }

  async send(request: OperationRequest, userId: string, text: SmsText): Promise<OperationResult> {
    return withIdempotency(this.dataSource.manager, request, async (manager) => {
      await this.sentMessages.add(manager, {
        executionId: request.executionId,
        recipient: userId,
        content: text.content,
        provider: 'sandbox',
        providerMessageId: `sandbox-${request.executionId}`,
      });
      return completed();
    });
  }
}
