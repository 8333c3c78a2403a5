import { join } from 'node:path';
import { consumerAppConformance, ON_FREE_PORTS } from '@bus/consumer-kit/testing';
import { readConfig } from './coupons.config';
import { CouponsModule } from './coupons.module';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

consumerAppConformance({
  title: CouponsModule.name,
  folder: join(__dirname, '..'),
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    const config = readConfig(ON_FREE_PORTS);
    return {
      options: { name: 'coupons', module: CouponsModule.of(config), config: config.app, dataSource },
      request: orderPaidRequest,
      effects: (executionId) => dataSource.getRepository('coupon').countBy({ executionId }),
      close: stop,
    };
  },
});
