import { type DynamicModule, Module, type OnApplicationBootstrap } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { ControlHttpController } from './control.http.controller';
import { ControlRpcController } from './control.rpc.controller';
import { StoreEventControl } from './store-event-control';
import { StoreHintsScheduler } from './store-hints.scheduler';

/** So long the start waits for the database's clock: `delayMs` is refused while it is unknown. */
const FIRST_LOOK_MS = 500;

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

  /** Publishing does not wait for a store that is away; one that answers is heard before the first publish. */
  async onApplicationBootstrap(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((go) => (timer = setTimeout(go, FIRST_LOOK_MS)));
    await Promise.race([this.hints.refresh(), patience]);
    clearTimeout(timer);
  }
}
