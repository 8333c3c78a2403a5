import { join } from 'node:path';
import { consumerAppConformance, ON_FREE_PORTS } from '@bus/consumer-kit/testing';
import { readConfig } from './points.config';
import { PointsModule } from './points.module';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

consumerAppConformance({
  title: PointsModule.name,
  folder: join(__dirname, '..'),
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    const config = readConfig(ON_FREE_PORTS);
    return {
      options: { name: 'points', module: PointsModule, config: config.app, dataSource },
      request: orderPaidRequest,
      effects: (executionId) => dataSource.getRepository('ledger_entry').countBy({ executionId }),
      close: stop,
    };
  },
});
