import { withProviderIdempotency } from '@bus/consumer-kit';
import { rejected, type OperationRequest, type OperationResult } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import type { RecipientRepository } from '../recipient.repository';
import type { SentMessageRepository } from '../sent-message.repository';
import type { SmsTemplate, SmsText } from '../sms-texts';
import type { AliyunSmsApi } from './aliyun-sms-api';
import { SmsProvider } from './sms-provider';

export interface AliyunTemplates {
  /** The approved signature that stands before each text. */
  signName: string;
  /** Codes of the approved templates: `SMS_123456789`. */
  templateCodes: Record<SmsTemplate, string>;
}

/** Sends texts through Alibaba Cloud. It knows no idempotency key: a text whose answer was lost may be sent twice. */
export class AliyunSmsProvider extends SmsProvider {
  constructor(
    private readonly dataSource: DataSource,
    private readonly api: AliyunSmsApi,
    private readonly templates: AliyunTemplates,
    private readonly recipients: RecipientRepository,
    private readonly sentMessages: SentMessageRepository,
  ) {
    super();
  }

  async send(request: OperationRequest, userId: string, text: SmsText): Promise<OperationResult> {
    const phone = await this.recipients.find(this.dataSource.manager, userId);
    if (phone === null) return noRecipient();
    return withProviderIdempotency(this.dataSource, request, async (idempotencyKey) => {
      const result = await this.api.send({
        phone,
        signName: this.templates.signName,
        templateCode: this.templates.templateCodes[text.template],
        variables: text.variables,
        outId: idempotencyKey,
      });
      if (result.status === 'completed') await this.keep(request, phone, text, result.output);
      return result;
    });
  }

  private async keep(
    request: OperationRequest,
    phone: string,
    text: SmsText,
    output: unknown,
  ): Promise<void> {
    const { providerMessageId } = output as { providerMessageId: string };
    await this.sentMessages.add(this.dataSource.manager, {
      executionId: request.executionId,
      recipient: phone,
      content: text.content,
      provider: 'aliyun',
      providerMessageId,
    });
  }
}

function noRecipient(): OperationResult {
  return rejected({
    code: 'no_recipient',
    reason: 'The user has no phone number; add one to sms.recipient and replay.',
  });
}
