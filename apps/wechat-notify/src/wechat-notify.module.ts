import { Clock } from '@bus/app-shell';
import { ConsumerModule } from '@bus/consumer-kit';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { HttpWechatProvider } from './providers/http-wechat-provider';
import { SandboxWechatProvider } from './providers/sandbox-wechat-provider';
import { WechatApi } from './providers/wechat-api';
import { WechatProvider } from './providers/wechat-provider';
import { RecipientRepository } from './recipient.repository';
import { SEND_TEMPLATE_EVENTS, SendWechatTemplate } from './send-wechat-template.handler';
import { SentMessageRepository } from './sent-message.repository';
import type { WechatNotifyConfig } from './wechat-notify.config';

/** The WeChat service behind `wechat.notify`. */
@Module({})
export class WechatNotifyModule {
  static of({ wechat }: Pick<WechatNotifyConfig, 'wechat'>): DynamicModule {
    return {
      module: WechatNotifyModule,
      imports: [
        ConsumerModule.register({
          service: 'wechat-notify',
          version: '0.1.0',
          operations: { 'wechat.notify': SEND_TEMPLATE_EVENTS },
          handlers: [SendWechatTemplate],
          providers: [RecipientRepository, SentMessageRepository, providerOf(wechat)],
        }),
      ],
    };
  }
}

function providerOf(wechat: WechatNotifyConfig['wechat']): Provider {
  if (!wechat) return { provide: WechatProvider, useClass: SandboxWechatProvider };
  return {
    provide: WechatProvider,
    inject: [DataSource, Clock, RecipientRepository, SentMessageRepository],
    useFactory: (
      dataSource: DataSource,
      clock: Clock,
      recipients: RecipientRepository,
      sent: SentMessageRepository,
    ) =>
      new HttpWechatProvider(dataSource, new WechatApi(wechat.api, clock), wechat.template, recipients, sent),
  };
}
