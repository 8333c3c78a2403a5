import type { RunnableGraph } from '@bus/domain';
import { DEAD, DOUBTFUL, MINUTE_MS, ReferenceLanes, REJECTS, type Run } from './reference-lanes';
import { ASKED_MS } from './signals';
import type { ModelEvent, State, Step } from './step';

/**
 * The reference: written from docs/guarantees.md alone, and the other way round. The machine moves rows when something
 * ends; here everybody is asked after every step whether he may go on.
 */
export class Reference extends ReferenceLanes {
  now = 0;
  readonly runs: Run[][] = [];
  private readonly states = new Map<number, State>();

  constructor(private readonly graph: RunnableGraph) {
    super();
  }

  take(step: Step): string {
    const answer = this.change(step);
    this.settle(step.do === 'claim' || step.slots);
    return answer;
  }

  state(run: Run): string {
    if (run.ended) return run.ended;
    if (run.flying) return 'in_flight';
    if (run.time !== null) return run.attempt > 0 ? 'retrying' : 'scheduled';
    const dead = [...run.needs].some((name) => this.isDead(run, name));
    const [head] = this.queue(run) ?? [];
    return dead || (head && head !== run && head.ended) ? 'held' : 'waiting';
  }

  private change(step: Step): string {
    switch (step.do) {
      case 'store':
        return this.store(step.event);
      case 'claim': {
        if (!this.active(step.operationId)) return 'closed';
        const due = this.runs.map((event) => event[step.operationId - 1]);
        const ready = due.filter((run) => run.time !== null && run.time <= this.now);
        ready.sort((a, b) => Number(a.time) - Number(b.time) || a.event.index - b.event.index);
        for (const run of ready.slice(0, step.limit)) {
          run.time = null;
          this.join(run);
        }
        return 'claimed';
      }
      case 'end':
        return this.end(this.runs[step.event][step.operationId - 1], step);
      case 'replay': {
        const run = this.runs[step.event][step.operationId - 1];
        const may = run.ended && run.ended !== 'cancelled' && (run.ended !== 'completed' || step.force);
        if (!may || run.event.cancelled) return 'refused';
        run.needs = new Set(run.operation.dependsOn.filter((name) => this.holds(run, name)));
        run.ended = null;
        run.counted = 0;
        run.time = Math.max(this.now, (run.event.deliverAt ?? -Infinity) + run.operation.delayMs);
        return 'replayed';
      }
      case 'skip': {
        const run = this.runs[step.event][step.operationId - 1];
        if (run.event.cancelled || run.flying || (run.ended && !DEAD.includes(run.ended))) return 'refused';
        this.finish(run, 'skipped');
        return 'skipped';
      }
      case 'cancel':
        return this.recall(step.event, null);
      case 'reschedule':
        return this.recall(step.event, step.at);
      case 'unblock': {
        const queue = this.queues.get(`${step.operationId}/${step.key}`);
        if (!queue?.[0]?.ended) return 'refused';
        queue.shift();
        return 'unblocked';
      }
      case 'state':
        this.states.set(step.operationId, step.state);
        return step.state;
      case 'tick':
        this.now += step.ms;
        return 'later';
    }
  }

  private store(event: ModelEvent): string {
    const runs = this.graph.operations.map((operation): Run => {
      const off =
        this.states.get(operation.operationId) === 'disabled' ||
        event.verdicts.get(operation.operationId) === 'no';
      const needs = new Set(operation.dependsOn);
      const later = event.deliverAt !== null || operation.delayMs > 0;
      const time = later ? Math.max(this.now, (event.deliverAt ?? this.now) + operation.delayMs) : null;
      const rest = { flying: false, started: false, counted: 0, needs };
      return {
        event,
        operation,
        ended: off ? 'skipped' : null,
        attempt: off ? 1 : 0,
        time: off ? null : time,
        ...rest,
      };
    });
    this.runs.push(runs);
    for (const run of runs) if (!run.ended && run.time === null) this.join(run);
    return 'stored';
  }

  private end(run: Run, step: Extract<Step, { do: 'end' }>): string {
    const { retry, effect } = run.operation;
    const age = this.now - (run.event.deliverAt ?? run.event.storedAt);
    const usedUp = retry.maxAttempts !== null && run.counted >= retry.maxAttempts;
    const ceiling = Math.min(retry.backoffCapMs, retry.backoffMs * 2 ** (run.counted - 1));
    run.flying = false;
    run.started ||= step.end !== 'filtered';
    const again = (least: number, most: number, counts = true) => {
      const inMs = step.again?.inMs ?? NaN;
      if (!(inMs >= least && inMs <= most))
        throw new Error(`again in ${inMs} ms, not within ${least} and ${most}`);
      if (!counts) run.counted -= 1;
      run.time = this.now + inMs;
      return 'again';
    };
    const over = (ended: Run['ended']) => {
      run.ended = ended;
      return 'ended';
    };
    if (step.end === 'completed') return over('completed');
    if (step.end === 'filtered') return over('skipped');
    if (REJECTS.includes(step.end)) return over('rejected');
    if (step.end === 'given_back') return again(0, 0, false);
    if (step.end === 'undeployed') return again(MINUTE_MS, Math.max(MINUTE_MS, ceiling), false);
    if (DOUBTFUL.includes(step.end) && effect === 'at_most_once') return over('dead');
    if (usedUp || age > retry.maxAgeMs) return over('dead');
    const asked = step.end === 'retry_after' ? ASKED_MS : 0;
    return again(asked, Math.max(asked, ceiling));
  }

  /** All of an event that nobody has begun, or nothing of it. */
  private recall(index: number, at: number | null): string {
    const runs = this.runs[index];
    const open = runs.filter((run) => !run.ended);
    if (runs[0].event.cancelled) return 'cancelled before';
    if (runs.some((run) => run.started || run.flying) || open.length === 0) return 'too_late';
    for (const run of open) {
      this.leave(run);
      run.time = at === null ? null : Math.max(this.now, at + run.operation.delayMs);
      if (at === null) run.ended = run.attempt > 0 ? 'skipped' : 'cancelled';
    }
    if (at === null) runs[0].event.cancelled = true;
    else runs[0].event.deliverAt = at;
    return 'taken';
  }

  /** Until nobody moves any more. */
  private settle(slots: boolean): void {
    for (let moved = true; moved;) {
      moved = false;
      for (const run of this.runs.flat()) if (this.goOn(run, slots)) moved = true;
      for (const queue of this.queues.values()) {
        const stays = (run: Run, at: number) =>
          !run.ended || (at === 0 && DEAD.includes(run.ended) && run.operation.onDead === 'block');
        const left = queue.filter(stays);
        if (left.length < queue.length) moved = queue.splice(0, Infinity, ...left).length > 0;
      }
    }
  }

  private goOn(run: Run, slots: boolean): boolean {
    if (run.ended || run.flying) return false;
    for (const name of run.needs) {
      const { onDependencyDead } = run.operation;
      if (this.isDead(run, name) && onDependencyDead === 'skip') return this.finish(run, 'skipped');
      const { ended } = this.sibling(run, name);
      if (ended === 'completed' || ended === 'skipped' || (ended && onDependencyDead === 'run'))
        run.needs.delete(name);
    }
    const [head] = this.queue(run) ?? [run];
    if (run.time !== null || run.needs.size > 0 || head !== run) return false;
    if (!slots || !this.active(run.operation.operationId)) run.time = this.now;
    else Object.assign(run, { flying: true, attempt: run.attempt + 1, counted: run.counted + 1 });
    return true;
  }

  private finish(run: Run, ended: 'skipped'): true {
    Object.assign(run, { ended, time: null, attempt: run.attempt + 1 });
    return true;
  }

  private sibling = (run: Run, name: string): Run =>
    this.runs[run.event.index].find((other) => other.operation.name === name) as Run;
  private isDead = (run: Run, name: string): boolean => DEAD.includes(this.sibling(run, name).ended ?? '');
  private active = (operationId: number): boolean => (this.states.get(operationId) ?? 'active') === 'active';

  private holds(run: Run, name: string): boolean {
    const { ended } = this.sibling(run, name);
    return ended === null || (DEAD.includes(ended) && run.operation.onDependencyDead === 'block');
  }
}
