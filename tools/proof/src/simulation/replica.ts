import { MetricsRegistry, RandomSource } from '@bus/app-shell';
import { Expressions } from '@bus/domain';
import type { EventInbox, ExecutionLedger } from '@bus/store';
import {
  ActiveGraphs,
  AttemptRun,
  BatchIngest,
  BatchPlanner,
  Chores,
  ConsumerMetrics,
  Dispatcher,
  DispatchRun,
  DueHints,
  DueScheduler,
  EventIntake,
  ExecutionRecord,
  ExecutionsInHand,
  InboxRecord,
  InFlightWindow,
  LeaseScheduler,
  LedgerSession,
  LogReading,
  OperationSlots,
  SettleBatch,
  TimeoutWheel,
} from '../../../../apps/bus-consumer/src/simulation';
import type { SeededRandom } from '../random';
import { LinkedGraphs, LinkedInbox, LinkedLedger } from './linked-store';
import { ProcessRun, type ProcessClocks } from './process-run';
import { StoreLink } from './store-link';
import type { World } from './world';

/** They count for nobody here, and are dear to make. */
const METRICS = new ConsumerMetrics(new MetricsRegistry());
/** Compiled once for all worlds; virtual time stands still within an evaluation. */
const EXPRESSIONS = new Expressions(() => 0);

/** One start of a replica, from registration to its end. */
export interface ReplicaStart {
  process: ProcessRun;
  link: StoreLink;
  /** SIGTERM: resolves when it would exit. */
  stop(): Promise<void>;
}

/** bus-consumer without Nest and without the network: its real stages around simulated ports. */
export class Replica {
  current: ReplicaStart | null = null;
  readonly clocks: ProcessClocks;
  private starts = 0;

  constructor(
    readonly name: string,
    private readonly world: World,
    private readonly random: SeededRandom,
  ) {
    this.clocks = {
      wallOffsetMs: random.between(-300_000, 300_000),
      wallDriftPpm: random.between(-2000, 2000),
      monotonicDriftPpm: random.between(-50, 50),
    };
  }

  start(): void {
    const { world } = this;
    const random = this.random.fork(`start ${++this.starts}`);
    const process = new ProcessRun(this.name, world.time, this.clocks, (name, error) =>
      world.crashed(name, error),
    );
    const link = new StoreLink(world.weather, process, world.time, random.fork('store'), world.seen);
    const store = world.parts.store;
    const site = { world, process };
    const { parts, book } = world;
    const inbox = parts.linkedInbox(new LinkedInbox(parts.inbox(store.inbox(), site), link), site);
    const inner = parts.ledger(store.ledger(), site);
    const ledger = parts.linkedLedger(new LinkedLedger(inner, link, book), site);
    this.current = this.assemble(process, link, { inbox, ledger }, random);
  }

  kill(): void {
    this.current?.process.kill();
    this.current?.link.cut();
    this.current = null;
  }

  private assemble(
    process: ProcessRun,
    link: StoreLink,
    { inbox, ledger }: { inbox: EventInbox; ledger: ExecutionLedger },
    random: SeededRandom,
  ): ReplicaStart {
    const { world } = this;
    const { clock, timers } = process;
    const hints = new DueHints();
    const graphs = new ActiveGraphs(new LinkedGraphs(world.parts.store.operationGraphs(), link), clock);
    const window = new InFlightWindow();
    const slots = new OperationSlots(graphs, clock);
    const inHand = new ExecutionsInHand(window, slots, graphs, clock);
    const session = new LedgerSession(ledger, graphs, inHand, clock, hints);
    const record = new ExecutionRecord(METRICS, graphs);
    const settle = new SettleBatch(ledger, session, timers, record);
    const jitter = new SeededJitter(random.fork('jitter'));
    const caller = world.parts.caller(process);
    const wheel = new TimeoutWheel(clock, timers);
    const attempts = new AttemptRun(caller, EXPRESSIONS, wheel, clock, jitter);
    const dispatcher = new Dispatcher(inHand, attempts, settle, record, timers);
    const due = new DueScheduler(ledger, session, dispatcher, timers, METRICS);
    const leases = new LeaseScheduler(ledger, session, settle, attempts, METRICS);
    const dispatch = new DispatchRun(session, due, leases, dispatcher, timers);
    const inboxRecord = new InboxRecord(METRICS, hints, clock, timers);
    const planner = new BatchPlanner(graphs, EXPRESSIONS, inHand);
    const ingest = new BatchIngest(inbox, session, planner, dispatcher, inboxRecord);
    const intake = new EventIntake(inbox, session, inboxRecord, ingest);
    const subscriber = world.parts.subscriber(process, random.fork('subscriber'));
    const chores = new Chores(clock, timers);
    const reading = new LogReading(subscriber, intake, inboxRecord, window, timers, chores);
    void dispatch.start().then(() => {
      chores.start();
      return reading.start();
    });
    return {
      process,
      link,
      stop: async () => {
        chores.stop();
        await Promise.all([reading.stop(), dispatch.stopClaims()]);
        await dispatch.drain();
      },
    };
  }
}

class SeededJitter extends RandomSource {
  constructor(private readonly random: SeededRandom) {
    super();
  }

  override next(): number {
    return this.random.next();
  }
}
