import { BusBrokerModule } from '@bus/broker';
import { BusStoreModule } from '@bus/store';
import { type DynamicModule, Module } from '@nestjs/common';
import type { BusProducerConfig } from './bus-producer.config';
import { ControlModule } from './control/control.module';
import { PublishModule } from './publish/publish.module';

/** Publish needs the broker; control needs the store. Neither waits for the other. */
@Module({})
export class BusProducerModule {
  static forRoot(config: Pick<BusProducerConfig, 'broker' | 'store' | 'publish'>): DynamicModule {
    const publish = PublishModule.forRoot(BusBrokerModule.forRoot(config.broker), config.publish);
    const store = BusStoreModule.forRoot({ ...config.store, applicationName: 'bus-producer' });
    return { module: BusProducerModule, imports: [publish, ControlModule.forRoot(store, publish)] };
  }
}
