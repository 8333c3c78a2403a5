import {
  fanOut,
  judgeReplay,
  judgeSkip,
  pendingOnReplay,
  REPLAY_WITHIN_DAYS,
  type ControlRefusal,
  type ExecutionStanding,
  type FilterVerdict,
  type RunnableGraph,
  type RunnableOperation,
} from '@bus/domain';
import type {
  ExecutionReference,
  LaneReference,
  NotControlled,
  ReplayOutcome,
  ReplayRequest,
  RouteOutcome,
  SkipOutcome,
  UnblockOutcome,
} from '../../execution-control';
import type { ReleaseContext } from './close-step';
import { ControlStep } from './control-step';
import { executionName, laneName, type DueRow, type EventRow } from './rows';

const DAY_MS = 86_400_000;

interface Located {
  event: EventRow;
  graph: RunnableGraph;
  operation: RunnableOperation;
  name: string;
  /** Key of its lane; `null`: no lane. */
  laneKey: string | null;
}

/** TX5 of executions: replay, skip, unblock, route. */
export abstract class ReplayStep extends ControlStep {
  /** G16: all that may run again, in one transaction. @param requests each execution once */
  replayNow(requests: readonly ReplayRequest[]): ReplayOutcome[] {
    return this.transaction(() => {
      const located = requests.map((one) => this.locate(one));
      const refusals = located.map((found, index) =>
        typeof found === 'string'
          ? null
          : this.mayReplay(this.standingOf(found), requests[index] as ReplayRequest),
      );
      const replayed = new Set(
        located.flatMap((found, index) => (typeof found === 'string' || refusals[index] ? [] : [found.name])),
      );
      // All are judged, and told what they wait for, before the first one moves.
      const plans = located.map((found) =>
        typeof found === 'string' ? [] : this.pendingAtReplay(found, replayed),
      );
      // One time for all: within a lane the order of events decides.
      const now = this.clockTime();
      return located.map((found, index): ReplayOutcome => {
        if (typeof found === 'string') return { outcome: found };
        const refusal = refusals[index] ?? null;
        if (refusal) return this.notControlled(found, refusal);
        return this.replayOne(found, {
          ...{ pending: plans[index] as number[], force: (requests[index] as ReplayRequest).force, now },
        });
      });
    });
  }

  /** Ends an execution without a call; what goes on because of it is due at once. */
  skipNow(asked: ExecutionReference, reason: string | null = null): SkipOutcome {
    return this.transaction((): SkipOutcome => {
      const found = this.locate(asked);
      if (typeof found === 'string') return { outcome: found };
      const refusal = judgeSkip(this.standingOf(found), asked);
      if (refusal) return this.notControlled(found, refusal);
      const { eventId, key } = found.event;
      const { operationId } = found.operation;
      const attempt = this.attemptNow(eventId, operationId);
      const due = this.due.get(found.name);
      const waiting = this.waiting.get(found.name);
      const dead = this.deadLetters.get(found.name);
      if (due) this.deleteDue(due);
      if (waiting) this.deleteWaiting(waiting);
      if (dead) this.deleteDeadLetter(dead);
      this.skip({ eventId, operationId, attempt }, 'by_person', null, reason);
      this.releaseAfter([{ eventId, operationId, key, died: false }], this.withoutSlots());
      return { outcome: 'skipped', attempt: attempt + 1 };
    });
  }

  /** A lane goes on behind its dead head, which stays a dead letter. */
  unblockNow({ operation, key, blockedBy }: LaneReference): UnblockOutcome {
    const row = [...this.operations.values()].find(({ name }) => name === operation);
    if (!row) return { outcome: 'not_found' };
    return this.transaction((): UnblockOutcome => {
      const name = laneName(row.operationId, key);
      const lane = this.lanes.get(name);
      if (!lane || lane.blockedBy !== blockedBy) return { outcome: 'conflict' };
      this.freeLane(lane, 0, new Set(), this.withoutSlots(), { started: [], dueNow: false });
      return { outcome: 'unblocked', head: this.lanes.get(name)?.headEventId ?? null };
    });
  }

  /** Runs an unrouted event under the graph that is active now; what could start is due at once. */
  routeNow(eventId: string, verdicts: ReadonlyMap<number, FilterVerdict>): RouteOutcome {
    const event = this.events.get(eventId);
    if (!event) return { outcome: 'not_found' };
    if (event.graphId !== null) return { outcome: 'conflict' };
    const active = this.activeGraphOf(event.type);
    if (!active) return { outcome: 'no_graph' };
    if (this.identities.get(event.identity)?.cancelledAtMs != null) return { outcome: 'cancelled' };
    return this.transaction((): RouteOutcome => {
      const graph = this.graphOf(active.graphId);
      const { graphId, version } = graph;
      this.set(this.events, eventId, { ...event, graphId });
      const deliverAt = event.deliverAtMs === null ? null : new Date(event.deliverAtMs).toISOString();
      const executions = fanOut({ key: event.key, deliverAt }, graph, { verdicts, take: () => false });
      this.placeAll([{ event: { eventId }, executions }], 0);
      return { outcome: 'routed', graphId, version, executions: this.executionsOf(eventId) };
    });
  }

  /** Home tables that hold a row of an execution; more than one is a fault. */
  homesOf(eventId: string, operationId: number): NonNullable<ExecutionStanding['home']>[] {
    const name = executionName(eventId, operationId);
    const homes: NonNullable<ExecutionStanding['home']>[] = [];
    if (this.inFlight.has(name)) homes.push('in_flight');
    if (this.due.has(name)) homes.push('due');
    if (this.waiting.has(name)) homes.push('waiting');
    if (this.deadLetters.has(name)) homes.push('dead_letter');
    return homes;
  }

  /** Whether a person may run it again. */
  protected mayReplay(standing: ExecutionStanding, asked: ReplayRequest): ControlRefusal | null {
    return judgeReplay(standing, asked);
  }

  /** Its dependencies that are open, or dead under `block`. */
  protected pendingAtReplay({ event, graph, operation }: Located, replayed: ReadonlySet<string>): number[] {
    const { eventId } = event;
    const dependencies = (graph.dependencies.get(operation.operationId) ?? []).map((operationId) => ({
      operationId,
      home: this.homesOf(eventId, operationId)[0] ?? null,
      replayed: replayed.has(executionName(eventId, operationId)),
    }));
    return pendingOnReplay(operation, dependencies);
  }

  private replayOne(
    found: Located,
    { pending, force, now }: { pending: number[]; force: boolean; now: Pick<DueRow, 'dueAtMs' | 'tick'> },
  ): ReplayOutcome {
    const { event, graph, operation, name, laneKey: key } = found;
    const { eventId } = event;
    const { operationId } = operation;
    const attempt = this.attemptNow(eventId, operationId);
    const dead = this.deadLetters.get(name);
    if (dead) this.deleteDeadLetter(dead);
    if (force) {
      const runs = (this.forcedRuns.get(name)?.runs ?? 0) + 1;
      this.set(this.forcedRuns, name, { runs, attempt });
    }
    // The blocker stays head; others join the tail when they are claimed.
    const lane = key === null ? undefined : this.lanes.get(laneName(operationId, key));
    if (lane?.blockedBy === eventId)
      this.set(this.lanes, laneName(operationId, lane.key), { ...lane, blockedBy: null });
    const time = this.dueTime(event.deliverAtMs ?? event.storedAtMs, operation.delayMs, now);
    const again = { eventId, operationId, attempt: this.attemptAtReplay(attempt), counted: 0, key, pending };
    this.insertDue({ ...again, ...time });
    return {
      outcome: 'replayed',
      dueAt: new Date(time.dueAtMs),
      pending: pending.map((id) => graph.byId.get(id)?.name ?? `operation-${id}`),
      forcedRuns: this.forcedRuns.get(name)?.runs ?? 0,
    };
  }

  private locate(asked: { eventId: string; operation: string }): Located | 'not_found' | 'unrouted' {
    const event = this.events.get(asked.eventId);
    if (!event) return 'not_found';
    if (event.graphId === null) return 'unrouted';
    const graph = this.graphOf(event.graphId);
    const operation = graph.operations.find(({ name }) => name === asked.operation);
    if (!operation) return 'not_found';
    const name = executionName(event.eventId, operation.operationId);
    return { event, graph, operation, name, laneKey: operation.ordered ? event.key : null };
  }

  private standingOf({ event, operation, name }: Located): ExecutionStanding {
    const { eventId } = event;
    const attempts = this.attemptsOf(eventId, operation.operationId);
    const before = this.forcedRuns.get(name)?.attempt ?? 0;
    const first = attempts.find(({ outcome, attempt }) => outcome !== 'skipped' && attempt > before);
    return {
      home: this.homesOf(eventId, operation.operationId)[0] ?? null,
      attempt: this.attemptNow(eventId, operation.operationId),
      lastOutcome: attempts.at(-1)?.outcome ?? null,
      tooOld: first !== undefined && first.endedAtMs < this.nowMs() - REPLAY_WITHIN_DAYS * DAY_MS,
      cancelled: this.identities.get(event.identity)?.cancelledAtMs != null,
    };
  }

  private notControlled({ event, operation }: Located, why: ControlRefusal): NotControlled {
    if (why !== 'conflict') return { outcome: 'refused', why };
    const { eventId } = event;
    const { operationId } = operation;
    const state = this.rowState(eventId, operationId);
    const attempt = this.attemptNow(eventId, operationId);
    // Held or not is a matter of others.
    return { outcome: 'conflict', state: state === 'held' ? 'waiting' : state, attempt };
  }

  private withoutSlots(): ReleaseContext {
    return {
      dispatcherId: null,
      take: () => false,
      graphOf: (eventId) => this.graphOf(this.events.get(eventId)?.graphId ?? -1),
    };
  }
}
