import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { ControlHttpController } from './control.http.controller';
import { ControlRpcController } from './control.rpc.controller';
import { StoreEventControl } from './store-event-control';
import { StoreHintsScheduler } from './store-hints.scheduler';

/** Cancel, reschedule and status over HTTP and RPC, and what publishing likes to know from the store. */
@Module({})
export class ControlModule implements OnApplicationBootstrap {
  constructor(private readonly hints: StoreHintsScheduler) {}

  /** @param store a module that exports EventControlStore   @param publish the one that exports StoreHints */
  static forRoot(store: DynamicModule, publish: DynamicModule): DynamicModule {
    return {
      module: ControlModule,
      imports: [ScheduleModule.forRoot(), store, publish],
      controllers: [ControlHttpController, ControlRpcController],
      providers: [StoreEventControl, StoreHintsScheduler],
    };
  }

  /** In the background: publishing does not wait for the store. */
  onApplicationBootstrap(): void {
    void this.hints.refresh();
  }
}
