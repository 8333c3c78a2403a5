import { bootstrapConsumer } from '@bus/consumer-kit';
import { readConfig } from './coupons.config';
import { CouponsModule } from './coupons.module';
import { couponsDataSource } from './data-source';

void bootstrapConsumer(() => {
  const config = readConfig();
  const dataSource = couponsDataSource(config.database);
  return { name: 'coupons', module: CouponsModule.of(config), config: config.app, dataSource };
});
