import { bootstrapConsumer } from '@bus/consumer-kit';
import { wechatDataSource } from './data-source';
import { readConfig } from './wechat-notify.config';
import { WechatNotifyModule } from './wechat-notify.module';

void bootstrapConsumer(() => {
  const config = readConfig();
  const dataSource = wechatDataSource(config.database);
  return { name: 'wechat-notify', module: WechatNotifyModule.of(config), config: config.app, dataSource };
});
