import { bootstrapConsumer } from '@bus/consumer-kit';
import { smsDataSource } from './data-source';
import { readConfig } from './sms.config';
import { SmsModule } from './sms.module';

void bootstrapConsumer(() => {
  const config = readConfig();
  const dataSource = smsDataSource(config.database);
  return { name: 'sms', module: SmsModule.of(config), config: config.app, dataSource };
});
