import {
  allDependents,
  fanOut,
  judgeAttempt,
  judgeReplay,
  judgeSkip,
  pendingOnReplay,
  releaseWaiting,
  type DependentRow,
  type ExecutionStanding,
  type RunnableGraph,
} from '@bus/domain';
import { hasStarted, type Execution, type Lane } from './machine-rows';
import { dueAtOf, MachineLanes, type DependentHome } from './machine-lanes';
import { signalOf } from './signals';
import type { ModelEvent, Step } from './step';

/** The five transactions over rows in memory. Every rule that bus-domain has is asked, never written again. */
export class Machine extends MachineLanes {
  constructor(private readonly graph: RunnableGraph) {
    super();
  }

  /** @returns an answer, for those steps that have one. An attempt's end notes in the step when it goes on. */
  take(step: Step): string {
    this.slots = step.slots;
    switch (step.do) {
      case 'store':
        return this.store(step.event);
      case 'claim':
        return this.claim(step.operationId, step.limit);
      case 'end':
        return this.end(step);
      case 'replay':
        return this.replay(this.of(step.event, step.operationId), step.force);
      case 'skip':
        return this.skip(this.of(step.event, step.operationId));
      case 'cancel':
        return this.takeUntouched(step.event, () => (this.executions[step.event][0].event.cancelled = true));
      case 'reschedule':
        return this.takeUntouched(step.event, (taken) => this.dueAgain(step.event, taken, step.at));
      case 'unblock':
        return this.unblock(this.lanes.get(`${step.operationId}/${step.key}`));
      case 'state':
        this.states.set(step.operationId, step.state);
        return step.state;
      case 'tick':
        this.now += step.ms;
        return 'later';
    }
  }

  private store(event: ModelEvent): string {
    const operations = this.graph.operations.map((operation) => ({
      ...operation,
      state: this.states.get(operation.operationId) ?? ('active' as const),
    }));
    const deliverAt = event.deliverAt === null ? null : String(event.deliverAt);
    const plans = fanOut(
      { key: event.key, deliverAt },
      { ...this.graph, operations },
      {
        verdicts: event.verdicts,
        take: (operationId) => this.slots && this.isActive(operationId),
      },
    );
    this.executions.push(
      plans.map(({ operationId, laneKey }) => {
        const operation = this.graph.byId.get(operationId) as Execution['operation'];
        return { event, operation, key: laneKey, home: null, outcomes: [] };
      }),
    );
    plans.forEach(({ start, pending }, index) => {
      const execution = this.executions[event.index][index];
      const row = { attempt: 0, counted: 0, pending };
      if (start.kind === 'skipped') execution.outcomes.push('skipped');
      else if (start.kind === 'later') {
        const dueAt = Math.max(this.now, (start.at === null ? this.now : Number(start.at)) + start.plusMs);
        execution.home = { in: 'due', dueAt, ...row };
      } else {
        const place = this.enter(execution);
        execution.home = { in: 'waiting', place, ...row };
        if (pending.length === 0 && place === null) this.place(execution, start.slot);
      }
    });
    return 'stored';
  }

  private claim(operationId: number, limit: number): string {
    if (!this.isActive(operationId)) return 'closed';
    const candidates = this.executions
      .flatMap((event) => (event[operationId - 1].home?.in === 'due' ? [event[operationId - 1]] : []))
      .filter(({ home }) => home?.in === 'due' && home.dueAt <= this.now)
      .sort((a, b) => dueAtOf(a) - dueAtOf(b) || a.event.index - b.event.index)
      .slice(0, limit);
    for (const execution of candidates) {
      const { attempt, counted, pending } = execution.home as Extract<Execution['home'], { in: 'due' }>;
      const place = this.enter(execution);
      execution.home = { in: 'waiting', attempt, counted, place, pending };
      if (pending.length === 0 && place === null) this.place(execution, true);
    }
    return 'claimed';
  }

  private end(step: Extract<Step, { do: 'end' }>): string {
    const execution = this.of(step.event, step.operationId);
    const { operation, home, event } = execution;
    if (home?.in !== 'in_flight') return 'fenced';
    const { attempt, counted } = home;
    const call = { executionId: 'id', operation: operation.name, attempt, counted };
    const judged = judgeAttempt(signalOf(step.end, call), call, operation, {
      random: step.random,
      unknownOperationForMs: 0,
    });
    execution.outcomes.push(judged.outcome);
    const { after } = judged;
    const age = this.now - (event.deliverAt ?? event.storedAt);
    const tooOld = after.kind === 'again' && after.maxAgeMs !== null && age > after.maxAgeMs;
    if (after.kind === 'again' && !tooOld) {
      step.again = { inMs: after.inMs };
      const left = counted - (after.counts ? 0 : 1);
      execution.home = { in: 'due', attempt, counted: left, dueAt: this.now + after.inMs, pending: [] };
      return 'again';
    }
    const died = after.kind !== 'ended';
    const rejected = after.kind === 'dead' && after.cause === 'rejected';
    execution.home = died ? { in: 'dead_letter', attempt, counted, rejected } : null;
    this.ended(execution, died ? 'dead' : 'satisfied');
    return 'ended';
  }

  private replay(execution: Execution, force: boolean): string {
    const standing = this.standing(execution);
    const refusal = judgeReplay(standing, { expectedAttempt: standing.attempt, force });
    if (refusal !== null) return 'refused';
    const { operation, event } = execution;
    const pending = pendingOnReplay(
      operation,
      (this.graph.dependencies.get(operation.operationId) ?? []).map((operationId) => ({
        operationId,
        home: this.of(event.index, operationId).home?.in ?? null,
        replayed: false,
      })),
    );
    const lane = this.laneOf(execution);
    if (lane?.head === execution) lane.blocked = false;
    const own = event.deliverAt === null ? this.now : event.deliverAt + operation.delayMs;
    execution.home = {
      in: 'due',
      attempt: standing.attempt,
      counted: 0,
      dueAt: Math.max(this.now, own),
      pending,
    };
    return 'replayed';
  }

  private skip(execution: Execution): string {
    const standing = this.standing(execution);
    if (judgeSkip(standing, { expectedAttempt: standing.attempt }) !== null) return 'refused';
    execution.home = null;
    execution.outcomes.push('skipped');
    this.ended(execution, 'satisfied');
    return 'skipped';
  }

  private unblock(lane: Lane | undefined): string {
    if (!lane?.blocked) return 'refused';
    this.promote(lane);
    return 'unblocked';
  }

  private takeUntouched(index: number, then: (taken: Execution[]) => unknown): string {
    const all = this.executions[index];
    if (all[0].event.cancelled) return 'cancelled before';
    const taken = all.filter(({ home }) => home?.in === 'due' || home?.in === 'waiting');
    if (all.some(hasStarted) || taken.length === 0) return 'too_late';
    const headed = taken.flatMap((execution) => {
      const lane = this.laneOf(execution);
      return lane?.head === execution ? [lane] : [];
    });
    const rows = taken.map((execution) => ({ ...execution }));
    for (const execution of taken) execution.home = null;
    headed.forEach((lane) => this.promote(lane));
    then(rows);
    return 'taken';
  }

  private dueAgain(index: number, taken: readonly Execution[], at: number): void {
    for (const { operation, home } of taken) {
      const { attempt, counted, pending } = home as DependentHome;
      const dueAt = Math.max(this.now, at + operation.delayMs);
      this.of(index, operation.operationId).home = { in: 'due', attempt, counted, pending, dueAt };
    }
    this.executions[index][0].event.deliverAt = at;
  }

  /** Its lane and its dependents go on. */
  private ended(execution: Execution, end: 'satisfied' | 'dead'): void {
    const { event, operation } = execution;
    const rows = allDependents(this.graph, operation.operationId).flatMap((id) =>
      this.toRow(this.of(event.index, id)),
    );
    const ended = { eventId: String(event.index), operationId: operation.operationId, end };
    const lanes = [this.laneOf(execution)].filter((lane) => lane?.head === execution);
    if (end === 'dead' && operation.onDead === 'block')
      lanes.splice(0).forEach((lane) => lane && (lane.blocked = true));
    for (const release of releaseWaiting([ended], rows, () => this.graph)) {
      const dependent = this.of(event.index, release.row.operationId);
      if (release.kind === 'keep') (dependent.home as DependentHome).pending = release.pending;
      else if (release.kind === 'place') this.place(dependent, this.slots);
      else {
        dependent.home = null;
        dependent.outcomes.push('skipped');
        const lane = this.laneOf(dependent);
        if (lane?.head === dependent) lanes.push(lane);
      }
    }
    for (const lane of lanes) if (lane) this.promote(lane);
  }

  private toRow({ event, operation, key, home }: Execution): DependentRow[] {
    if (home?.in !== 'due' && home?.in !== 'waiting') return [];
    const place = home.in === 'waiting' && home.place !== null ? String(home.place) : null;
    const { attempt, counted, pending } = home;
    const { operationId } = operation;
    return [
      {
        eventId: String(event.index),
        operationId,
        home: home.in,
        attempt,
        counted,
        laneKey: key,
        place,
        pending,
      },
    ];
  }

  private standing({ home, outcomes, event }: Execution): ExecutionStanding {
    return {
      home: home?.in ?? null,
      attempt: home?.attempt ?? outcomes.length,
      lastOutcome: outcomes.at(-1) ?? null,
      tooOld: false,
      cancelled: event.cancelled,
    };
  }
}
