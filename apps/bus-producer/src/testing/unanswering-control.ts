import { EventControlStore } from '@bus/store';
import { InMemoryBroker } from '@bus/broker/testing';
import { type DynamicModule, Module } from '@nestjs/common';
import { ControlModule } from '../control/control.module';
import { PublishModule } from '../publish/publish.module';
import { brokerModule } from './start-producer';

class UnansweringStore extends EventControlStore {
  cancel = () => new Promise<never>(() => undefined);
  reschedule = () => new Promise<never>(() => undefined);
  getEvent = () => new Promise<never>(() => undefined);
  hints = () => new Promise<never>(() => undefined);
}

@Module({})
class UnansweringStoreModule {}

@Module({})
class WholeModule {}

/** The whole app, over a broker in memory and a store that never answers: a hung network. */
export function unansweringControl(): DynamicModule {
  const publish = PublishModule.forRoot(brokerModule(new InMemoryBroker().publisher()));
  const store: DynamicModule = {
    module: UnansweringStoreModule,
    providers: [{ provide: EventControlStore, useClass: UnansweringStore }],
    exports: [EventControlStore],
  };
  return { module: WholeModule, imports: [publish, ControlModule.forRoot(store, publish)] };
}
