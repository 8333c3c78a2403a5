import type { OperationCaller } from '../../../../apps/bus-consumer/src/simulation';
import type { EventControlStore, EventInbox, ExecutionLedger } from '@bus/store';
import { InMemoryStore, type InMemoryStoreOptions } from '@bus/store/testing';
import type { SeededRandom } from '../random';
import { LogSubscriber } from './log-subscriber';
import { NetworkCaller } from './network-caller';
import type { ProcessRun } from './process-run';
import { SimulatedService } from './services';
import type { World } from './world';
import type { WorldPlan } from './world-plan';

/** Where a part is put in. */
export interface Site {
  world: World;
  process: ProcessRun;
}

/** What a world is made of, so that a plant can put in a part of its own. */
export class WorldParts {
  store!: InMemoryStore;

  constructor(protected readonly world: World) {}

  /** Changes the plan, so that the fault has what it needs to show. */
  plan(plan: WorldPlan): WorldPlan {
    return plan;
  }

  makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new InMemoryStore(options);
  }

  /** At the store's side of the connection; `site` is whose connection it is. */
  inbox(inner: EventInbox, _site: Site): EventInbox {
    return inner;
  }

  ledger(inner: ExecutionLedger, _site: Site): ExecutionLedger {
    return inner;
  }

  /** At the process's side of the connection. */
  linkedInbox(linked: EventInbox, _site: Site): EventInbox {
    return linked;
  }

  linkedLedger(linked: ExecutionLedger, _site: Site): ExecutionLedger {
    return linked;
  }

  control(inner: EventControlStore): EventControlStore {
    return inner;
  }

  caller(process: ProcessRun): OperationCaller {
    return new NetworkCaller(this.world.network, process);
  }

  subscriber(process: ProcessRun, random: SeededRandom): LogSubscriber {
    return new LogSubscriber(this.world.broker, process, random, this.world.seen.faults);
  }

  service(name: string, random: SeededRandom): SimulatedService {
    return new SimulatedService(name, this.world, random);
  }
}
