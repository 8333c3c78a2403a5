import { withProviderIdempotency } from '@bus/consumer-kit';
import { rejected, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { OnModuleDestroy } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { WechatMessage } from '../order-paid-message';
import type { RecipientRepository } from '../recipient.repository';
import type { SentMessageRepository } from '../sent-message.repository';
import { templateData, type TemplateFields } from './template-data';
import type { WechatApi } from './wechat-api';
import { WechatProvider } from './wechat-provider';

export interface WechatTemplate {
  templateId: string;
  fields: TemplateFields;
}

/** Sends template messages through WeChat's API. A message whose answer was lost is sent again under the same key. */
export class HttpWechatProvider extends WechatProvider implements OnModuleDestroy {
  constructor(
    private readonly dataSource: DataSource,
    private readonly api: WechatApi,
    private readonly template: WechatTemplate,
    private readonly recipients: RecipientRepository,
    private readonly sentMessages: SentMessageRepository,
  ) {
    super();
  }

  async send(request: OperationRequest, userId: string, message: WechatMessage): Promise<OperationResult> {
    const openId = await this.recipients.find(this.dataSource.manager, userId);
    if (openId === null) return noRecipient();
    return withProviderIdempotency(this.dataSource, request, async (idempotencyKey) => {
      const result = await this.api.sendTemplate({
        touser: openId,
        template_id: this.template.templateId,
        data: templateData(this.template.fields, message.values),
        client_msg_id: idempotencyKey,
      });
      if (result.status === 'completed') await this.keep(request, openId, message, result.output);
      return result;
    });
  }

  async onModuleDestroy(): Promise<void> {
    await this.api.close();
  }

  private async keep(request: OperationRequest, openId: string, message: WechatMessage, output: unknown) {
    const { providerMessageId } = output as { providerMessageId: string };
    await this.sentMessages.add(this.dataSource.manager, {
      executionId: request.executionId,
      recipient: openId,
      content: message.content,
      provider: 'wechat',
      providerMessageId,
    });
  }
}

function noRecipient(): OperationResult {
  return rejected({
    code: 'no_recipient',
    reason: 'The user has no open id; add one to wechat_notify.recipient and replay.',
  });
}
