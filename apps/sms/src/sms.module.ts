import { ConsumerModule } from '@bus/consumer-kit';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AliyunSmsApi } from './providers/aliyun-sms-api';
import { AliyunSmsProvider } from './providers/aliyun-sms-provider';
import { SandboxSmsProvider } from './providers/sandbox-sms-provider';
import { SmsProvider } from './providers/sms-provider';
import { RecipientRepository } from './recipient.repository';
import { REMIND_PAYMENT_EVENTS, RemindPayment } from './remind-payment.handler';
import { SEND_TEXT_EVENTS, SendText } from './send-text.handler';
import { SentMessageRepository } from './sent-message.repository';
import type { SmsConfig } from './sms.config';

/** The text message service behind `sms.send` and `sms.remind-payment`. */
@Module({})
export class SmsModule {
  static of({ aliyun }: Pick<SmsConfig, 'aliyun'>): DynamicModule {
    return {
      module: SmsModule,
      imports: [
        ConsumerModule.register({
          service: 'sms',
          version: '0.1.0',
          operations: { 'sms.send': SEND_TEXT_EVENTS, 'sms.remind-payment': REMIND_PAYMENT_EVENTS },
          handlers: [SendText, RemindPayment],
          providers: [RecipientRepository, SentMessageRepository, providerOf(aliyun)],
        }),
      ],
    };
  }
}

function providerOf(aliyun: SmsConfig['aliyun']): Provider {
  if (!aliyun) return { provide: SmsProvider, useClass: SandboxSmsProvider };
  return {
    provide: SmsProvider,
    inject: [DataSource, RecipientRepository, SentMessageRepository],
    useFactory: (dataSource: DataSource, recipients: RecipientRepository, sent: SentMessageRepository) =>
      new AliyunSmsProvider(dataSource, new AliyunSmsApi(aliyun.access), aliyun.templates, recipients, sent),
  };
}
