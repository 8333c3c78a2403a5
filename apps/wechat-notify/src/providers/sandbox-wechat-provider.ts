import { withIdempotency } from '@bus/consumer-kit';
import { completed, type OperationRequest, type OperationResult } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { WechatMessage } from '../order-paid-message';
import { SentMessageRepository } from '../sent-message.repository';
import { WechatProvider } from './wechat-provider';

/** Sends nothing: keeps each message in `sent_message`, in the effect's own transaction, and takes the user id itself. */
@Injectable()
export class SandboxWechatProvider extends WechatProvider {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sentMessages: SentMessageRepository,
  ) {
    super();
  }

  async send(request: OperationRequest, userId: string, message: WechatMessage): Promise<OperationResult> {
    return withIdempotency(this.dataSource.manager, request, async (manager) => {
      await this.sentMessages.add(manager, {
        executionId: request.executionId,
        recipient: userId,
        content: message.content,
        provider: 'sandbox',
        providerMessageId: `sandbox-${request.executionId}`,
      });
      return completed();
    });
  }
}
