import type { ExecutionMove } from '@bus/store/testing';
import type { EffectFacts } from '../checker/evidence';
import { SeededRandom } from '../random';
import { AttemptBook } from './attempt-book';
import { NO_CALL_FAULTS } from './call-faults';
import { FaultCounts } from './fault-counts';
import { LogBroker } from './log-broker';
import { Nemesis } from './nemesis';
import { Network } from './network-caller';
import { People } from './people';
import { EPOCH_MS } from './process-run';
import { CallOrder, Publisher } from './publisher';
import { isQuiet } from './quiet';
import { Replica } from './replica';
import { RunTrace } from './run-trace';
import type { SimulatedService } from './services';
import { StoreWeather } from './store-link';
import { VirtualTime } from './virtual-time';
import { planWorld, SERVICES, type WorldPlan } from './world-plan';
import { WorldParts } from './world-parts';

const REPLICAS = 3;
const PUBLISHERS = 2;
/** Consumers start a moment after the first publishes. */
const REPLICAS_START_MS = 80;
/** From healing until everything must be quiet. */
const QUIET_WITHIN_MS = 8 * 60_000;
const LOOK_EVERY_MS = 1000;

export interface WorldOptions {
  parts?: (world: World) => WorldParts;
  keepsTrace?: boolean;
}

/** Broker, publishers, replicas, services, store and people in one process, on one virtual clock, from one seed. */
export class World {
  readonly time = new VirtualTime();
  readonly random: SeededRandom;
  readonly seen: { faults: FaultCounts; trace: RunTrace; order: CallOrder };
  readonly weather = new StoreWeather();
  readonly effects: EffectFacts[] = [];
  readonly moves: ExecutionMove[] = [];
  readonly crashes: string[] = [];
  readonly plan: WorldPlan;
  readonly parts: WorldParts;
  readonly broker: LogBroker;
  readonly services: ReadonlyMap<string, SimulatedService>;
  readonly network: Network;
  readonly book: AttemptBook;
  readonly replicas: readonly Replica[];
  readonly publishers: readonly Publisher[];
  readonly people: People;
  private readonly nemesis: Nemesis;

  constructor(
    readonly seed: number,
    options: WorldOptions = {},
  ) {
    this.random = new SeededRandom(seed);
    this.seen = {
      faults: new FaultCounts(),
      trace: new RunTrace(options.keepsTrace),
      order: new CallOrder(),
    };
    this.parts = options.parts?.(this) ?? new WorldParts(this);
    this.plan = this.parts.plan(planWorld(this.random.fork('plan')));
    const { trace } = this.seen;
    this.broker = new LogBroker(this.plan.partitions, this.time, this.random.fork('broker'), trace);
    const service = (name: string) => this.parts.service(name, this.random.fork(name));
    this.services = new Map(SERVICES.map((name) => [name, service(name)]));
    this.network = new Network(this.services, this.time, this.random.fork('network'), this.seen);
    this.book = new AttemptBook(() => this.databaseMs());
    const options_ = { nowMs: () => this.databaseMs(), onMove: (move: ExecutionMove) => this.moved(move) };
    this.parts.store = this.parts.makeStore(options_);
    this.activateAtStart();
    const names = Array.from({ length: REPLICAS }, (_, index) => `consumer-${index + 1}`);
    this.replicas = names.map((name) => new Replica(name, this, this.random.fork(name)));
    this.publishers = Array.from(
      { length: PUBLISHERS },
      (_, index) => new Publisher(this.broker, this.time, this.random.fork(`publisher ${index}`), this.seen),
    );
    this.people = new People(this);
    this.nemesis = new Nemesis(this);
  }

  get faults(): FaultCounts {
    return this.seen.faults;
  }

  get trace(): RunTrace {
    return this.seen.trace;
  }

  /** The database clock: the one that counts. */
  databaseMs(): number {
    return EPOCH_MS + this.time.nowMs;
  }

  /** Faults, healing, quiet. @returns whether it became quiet */
  async run(): Promise<boolean> {
    const { plan, time, weather, network } = this;
    weather.commitLost = plan.commitLost;
    network.shares = plan.calls;
    const lost = 0.03 * plan.intensity;
    this.publishers.forEach((publisher, index) => {
      publisher.shares = { requestLost: lost, answerLost: lost };
      void publisher.run(plan.publishes.filter((planned) => planned.publisher === index));
    });
    this.people.begin(plan.actions);
    this.nemesis.begin();
    for (const replica of this.replicas)
      time.at(REPLICAS_START_MS + this.random.int(100), () => replica.start());
    await time.run(plan.faultsUntilMs);
    await this.heal();
    return this.untilQuiet();
  }

  crashed(process: string, error: unknown): void {
    this.crashes.push(`${process} would have crashed: ${(error as Error)?.stack ?? String(error)}`);
  }

  private async heal(): Promise<void> {
    const { plan, weather, network, publishers, parts, people, time } = this;
    this.nemesis.heal();
    weather.commitLost = { before: 0, after: 0 };
    network.shares = NO_CALL_FAULTS;
    for (const publisher of publishers) publisher.shares = { requestLost: 0, answerLost: 0 };
    // After whatever people have under way.
    await time.run(time.nowMs + 60_000, () => people.underWay === 0);
    for (const { name, state } of parts.store.operations.values()) {
      const wanted = plan.leftPaused.includes(name) ? 'paused' : 'active';
      if (state !== wanted) void people.setState(name, wanted);
    }
    await time.run(time.nowMs + 100);
  }

  private async untilQuiet(): Promise<boolean> {
    const untilMs = this.time.nowMs + QUIET_WITHIN_MS;
    while (this.time.nowMs < untilMs) {
      await this.time.run(this.time.nowMs + LOOK_EVERY_MS);
      if (isQuiet(this)) return true;
    }
    return false;
  }

  private activateAtStart(): void {
    const { store } = this.parts;
    for (const eventType of new Set(this.plan.operations.map((operation) => operation.eventType))) {
      const operations = this.plan.operations.filter((operation) => operation.eventType === eventType);
      const change = { eventType, expectedVersion: null, operations, actor: 'a person', reason: null };
      store.activateAllNow([change]);
    }
  }

  private moved(move: ExecutionMove): void {
    const { store } = this.parts;
    if (!move.legal) this.moves.push(move);
    this.seen.trace.add(this.time.nowMs, `${move.eventId}/${move.operationId} ${move.from} → ${move.to}`);
    this.book.moved(move, store);
  }
}
