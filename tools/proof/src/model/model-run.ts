import { isLegalMove, type StateBefore } from '@bus/domain';
import type { ExecutionState } from '@bus/contracts';
import { Machine } from './machine';
import { underlyingState, type Execution } from './machine-rows';
import { Reference } from './reference';
import { shapeOf } from './shapes';
import { ENDS, type ModelEvent, type Step } from './step';

const MOST_EVENTS = 4;
const TICKS_MS = [100, 2_000, 10_000, 3_700_000, 86_400_000];
const STATES = ['active', 'paused', 'active', 'disabled'] as const;

/** What a run found out, beside that it held. */
export interface ModelRun {
  steps: number;
  /** Steps that changed something. */
  moved: number;
}

/**
 * Plays one run: numbers become steps, as far as there is something that they can be done to, and after each the
 * machine has to say what the reference says.
 * @throws Error with the steps so far where they differ, or where a move is not in the table
 */
export function modelRun(shape: number, numbers: readonly number[]): ModelRun {
  const graph = shapeOf(shape);
  const machine = new Machine(graph);
  const reference = new Reference(graph);
  const told: Step[] = [];
  let before = new Map<Execution, string>();
  let moved = 0;
  for (const number of numbers) {
    const step = stepOf(number, machine, graph.operations.length);
    if (!step) continue;
    told.push(step);
    const fail = (what: string): never => {
      throw new Error(
        `${what}\nshape ${shape}, steps:\n${told.map((one) => JSON.stringify(one, tellMap)).join('\n')}`,
      );
    };
    try {
      const [answer, expected] = [machine.take(ownCopy(step)), reference.take(ownCopy(step))];
      if (answer !== expected) fail(`the machine answers '${answer}', the reference '${expected}'`);
    } catch (error) {
      fail((error as Error).message);
    }
    const after = new Map<Execution, string>();
    for (const execution of machine.executions.flat()) {
      const { event, operation } = execution;
      const run = reference.runs[event.index][operation.operationId - 1];
      const lane = machine.lanes.get(`${operation.operationId}/${execution.key}`);
      const isDead = (id: number) => machine.of(event.index, id).home?.in === 'dead_letter';
      const state = underlyingState(execution, isDead, lane) ?? 'lost';
      const attempt = execution.home?.attempt ?? execution.outcomes.length;
      const where = `${operation.name} of event ${event.index}`;
      const expected = reference.state(run);
      if (state !== expected || attempt !== run.attempt)
        fail(`${where}: the machine has ${state} ${attempt}, the reference ${expected} ${run.attempt}`);
      if (execution.home && execution.home.in !== 'dead_letter' && execution.home.counted !== run.counted)
        fail(`${where}: the machine counts ${execution.home.counted}, the reference ${run.counted}`);
      const from = before.get(execution) ?? 'new';
      if (from !== state) {
        moved += 1;
        if (!isLegalMove(from as StateBefore, state as ExecutionState))
          fail(`${where}: ${from} → ${state} is no legal move`);
      }
      after.set(execution, state);
    }
    const heads = new Set([...machine.lanes.values()].map((lane) => lane.head));
    for (const { operation, key, home, event } of [...after.keys()])
      if (
        key !== null &&
        home?.in === 'in_flight' &&
        !heads.has(machine.of(event.index, operation.operationId))
      )
        fail(`${operation.name} of event ${event.index} is in flight and heads no lane`);
    before = after;
  }
  return { steps: told.length, moved };
}

/** Machine and reference change their event each by itself. */
const ownCopy = (step: Step): Step => (step.do === 'store' ? { ...step, event: { ...step.event } } : step);

/** `null`: there is nothing that it could be done to. */
function stepOf(number: number, machine: Machine, operations: number): Step | null {
  const draw = drawing(number);
  const slots = draw(4) > 0;
  const kind = draw(28);
  if (kind < 4 || machine.executions.length === 0) {
    if (machine.executions.length >= MOST_EVENTS) return null;
    return { do: 'store', slots, event: eventOf(machine, draw, operations) };
  }
  const all = machine.executions.flat();
  const named = (from: readonly Execution[]) => {
    const { event, operation } = from[draw(from.length)];
    return { event: event.index, operationId: operation.operationId };
  };
  if (kind < 8) return { do: 'claim', slots, operationId: 1 + draw(operations), limit: 1 + draw(3) };
  if (kind < 17) {
    const flying = all.filter(({ home }) => home?.in === 'in_flight');
    if (flying.length === 0) return null;
    const random = draw(1_000) / 1_000;
    return { do: 'end', slots, ...named(flying), end: ENDS[draw(ENDS.length)], random, again: null };
  }
  if (kind < 20) return { do: 'tick', slots, ms: TICKS_MS[draw(TICKS_MS.length)] };
  if (kind < 22)
    return { do: 'state', slots, operationId: 1 + draw(operations), state: STATES[draw(STATES.length)] };
  if (kind < 24) {
    const ended = all.filter(({ home }) => home === null || home.in === 'dead_letter');
    return ended.length === 0 ? null : { do: 'replay', slots, ...named(ended), force: draw(2) === 0 };
  }
  if (kind < 25) return { do: 'skip', slots: false, ...named(all) };
  if (kind < 26) return { do: 'cancel', slots: false, event: draw(machine.executions.length) };
  if (kind < 27)
    return {
      do: 'reschedule',
      slots: false,
      event: draw(machine.executions.length),
      at: machine.now + draw(9_000),
    };
  const blocked = [...machine.lanes.values()].filter((lane) => lane.blocked);
  if (blocked.length === 0) return null;
  const { operationId, key } = blocked[draw(blocked.length)];
  return { do: 'unblock', slots: false, operationId, key };
}

function eventOf(machine: Machine, draw: (below: number) => number, operations: number): ModelEvent {
  const verdicts = new Map<number, 'yes' | 'no'>();
  for (let operationId = 1; operationId <= operations; operationId += 1)
    if (draw(5) === 0) verdicts.set(operationId, 'no');
  return {
    index: machine.executions.length,
    key: ['same', 'same', 'other', null][draw(4)],
    deliverAt: draw(5) === 0 ? machine.now + draw(5_000) : null,
    storedAt: machine.now,
    cancelled: false,
    verdicts,
  };
}

/** Small numbers out of a large one, so that a shrunk number is a simpler step. */
function drawing(number: number): (below: number) => number {
  let left = number;
  return (below) => {
    const drawn = left % below;
    left = Math.floor(left / below);
    return drawn;
  };
}

const tellMap = (_name: string, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value);
