import type { OperationState } from '@bus/contracts';
import type { RecordFault } from '@bus/domain';
import type { EventControlStore, ExecutionControl, OperationGraphs } from '@bus/store';
import type { ControlCall, PersonAction } from '../checker/evidence';
import type { InMemoryStore } from '@bus/store/testing';
import { LinkedControl, LinkedGraphs } from './linked-store';
import { EPOCH_MS, ProcessRun } from './process-run';
import { StoreLink } from './store-link';
import { undecodableRecord } from './undecodable-record';
import type { World } from './world';
import type { PlannedAction, PlannedEvent, RepairKind } from './world-plan';

const AUTHOR = { actor: 'a person', reason: 'the plan says so' };

/** Asked again so often where the answer was lost. */
const MOST_TRIES = 6;

/** What people and publishers ask of the bus beside publishing, each at its time, by way of an API process. */
export class People {
  readonly cancels: ControlCall[] = [];
  readonly reschedules: ControlCall[] = [];
  readonly actions: PersonAction[] = [];
  readonly quarantine: Partial<Record<RecordFault, number>> = {};
  underWay = 0;
  private readonly control: EventControlStore;
  private readonly graphs: OperationGraphs;
  private readonly repairs: ExecutionControl;
  private readonly link: StoreLink;

  constructor(private readonly world: World) {
    const clocks = { wallOffsetMs: 0, wallDriftPpm: 0, monotonicDriftPpm: 0 };
    const process = new ProcessRun('api', world.time, clocks, (name, error) => world.crashed(name, error));
    const random = world.random.fork('people');
    this.link = new StoreLink(world.weather, process, world.time, random, world.seen);
    this.control = new LinkedControl(world.parts.control(world.parts.store.control()), this.link);
    this.repairs = world.parts.store.executionControl();
    this.graphs = new LinkedGraphs(world.parts.store.operationGraphs(), this.link);
  }

  begin(actions: readonly PlannedAction[]): void {
    for (const action of actions) {
      this.underWay++;
      this.world.time.at(action.atMs, () => {
        void this.act(action).finally(() => this.underWay--);
      });
    }
  }

  /** Until it is known to hold. */
  async setState(operation: string, state: OperationState): Promise<void> {
    await this.untilAnswered(() => this.graphs.setState(operation, state, 'a person'), Infinity);
  }

  private async act(action: PlannedAction): Promise<void> {
    switch (action.kind) {
      case 'cancel':
        for (let time = 0; time < action.times; time++)
          await this.ask(
            this.cancels,
            action.event,
            async () => (await this.control.cancel(action.event)).outcome,
          );
        return;
      case 'reschedule': {
        const deliverAtMs = EPOCH_MS + Math.floor(this.world.time.nowMs) + action.inMs;
        const deliverAt = new Date(deliverAtMs).toISOString();
        const reschedule = async () => (await this.control.reschedule(action.event, deliverAt)).outcome;
        return this.ask(this.reschedules, action.event, reschedule, deliverAtMs);
      }
      case 'state':
        return this.setState(action.operation, action.state);
      case 'activate':
        return this.activate(action);
      case 'undecodable':
        this.quarantine[action.fault] = (this.quarantine[action.fault] ?? 0) + 1;
        this.world.seen.faults.add('undecodable');
        return this.world.broker.append(undecodableRecord(action.fault, `foreign-${action.atMs}`));
      default:
        return this.repair(action.kind, action.pick);
    }
  }

  private async ask(
    calls: ControlCall[],
    { source, messageId }: PlannedEvent,
    run: () => Promise<NonNullable<ControlCall['answer']>>,
    deliverAtMs?: number,
  ): Promise<void> {
    const { order } = this.world.seen;
    await this.untilAnswered(async () => {
      const call: ControlCall = {
        ...{ event: `${source} ${messageId}`, invokedOrder: order.next(), answeredOrder: null, answer: null },
        ...(deliverAtMs === undefined ? {} : { deliverAtMs }),
      };
      calls.push(call);
      call.answer = await run();
      call.answeredOrder = order.next();
    }, MOST_TRIES);
  }

  private async activate({ eventType, operations }: PlannedAction & { kind: 'activate' }): Promise<void> {
    await this.untilAnswered(async () => {
      const [active] = (await this.graphs.active()).filter((graph) => graph.eventType === eventType);
      const before = new Map(active?.operations.map((operation) => [operation.name, operation]));
      // What is live stays as it is: evidence has one value of each.
      const wanted = operations.map((operation) => {
        const known = before.get(operation.name);
        if (!known) return operation;
        const { ratePerSecond, onDead, onDependencyDead, delayMs, state } = known;
        return { ...operation, ratePerSecond, onDead, onDependencyDead, delayMs, state };
      });
      const expectedVersion = active?.version ?? null;
      const change = {
        eventType,
        expectedVersion,
        operations: wanted,
        keepState: operations.map(({ name }) => name),
      };
      await this.graphs.activate({ ...change, actor: 'a person', reason: null });
      this.world.seen.faults.add('activated');
    }, MOST_TRIES);
  }

  /** Takes some dead letter, some open or ended execution, some blocked lane, some unrouted event. @param pick in [0, 1) */
  private async repair(kind: RepairKind, pick: number): Promise<void> {
    const { store } = this.world.parts;
    if (kind === 'unblock') {
      const lane = pickFrom(
        [...store.lanes.values()].filter(({ blockedBy }) => blockedBy !== null),
        pick,
      );
      if (!lane || lane.blockedBy === null) return;
      const { key, blockedBy } = lane;
      const operation = nameOf(store, lane.operationId);
      this.note(kind, blockedBy, operation);
      return this.once('unblock', () => this.repairs.unblock({ operation, key, blockedBy }, AUTHOR));
    }
    if (kind === 'route') return this.route(pick);
    const row = pickFrom(kind === 'replay' ? [...store.deadLetters.values()] : candidates(store, kind), pick);
    if (!row) return;
    const { eventId, operationId, attempt: expectedAttempt } = row;
    const execution = { eventId, operation: nameOf(store, operationId), expectedAttempt };
    this.note(kind, eventId, execution.operation);
    await this.once(`${kind} ${execution.operation} of ${eventId}`, async () => {
      if (kind === 'skip') await this.repairs.skip(execution, AUTHOR);
      else await this.repairs.replay([{ ...execution, force: kind === 'force' }], AUTHOR);
    });
  }

  private async route(pick: number): Promise<void> {
    const { store } = this.world.parts;
    const event = pickFrom(
      [...store.events.values()].filter(({ graphId }) => graphId === null),
      pick,
    );
    if (!event) return;
    const { eventId } = event;
    await this.once(`route ${eventId}`, () => this.repairs.route(eventId, AUTHOR));
    // What a person has placed has no order: as with a replay.
    for (const { name } of store.operationsOf(store.events.get(eventId))) this.note('replay', eventId, name);
  }

  /** By a connection that may be lost; nobody asks again. */
  private once(what: string, run: () => Promise<unknown>): Promise<void> {
    return this.untilAnswered(() => this.link.send(what, run), 1);
  }

  private note(kind: PersonAction['kind'], eventId: string, operation: string): void {
    const event = this.world.parts.store.events.get(eventId);
    if (!event) return;
    this.world.seen.faults.add(`person-${kind}`);
    this.actions.push({ kind, event: `${event.source} ${event.messageId}`, operation });
  }

  private async untilAnswered(run: () => Promise<unknown>, mostTries: number): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      try {
        await run();
        return;
      } catch {
        await new Promise<void>((go) => this.world.time.after(200, go)); // unknown: ask again
      }
    }
  }
}

/** What a person may force or skip. */
function candidates(
  store: InMemoryStore,
  kind: 'force' | 'skip',
): { eventId: string; operationId: number; attempt: number }[] {
  if (kind === 'skip')
    return [...store.deadLetters.values(), ...store.waiting.values(), ...store.due.values()];
  return [...store.attempts.values()]
    .flatMap((rows) => rows.slice(-1))
    .filter(({ outcome }) => outcome === 'completed');
}

function pickFrom<T>(from: readonly T[], pick: number): T | undefined {
  return from[Math.floor(pick * from.length)];
}

const nameOf = (store: InMemoryStore, operationId: number) => store.operations.get(operationId)?.name ?? '';
