import type { Execution, Lane } from './machine-rows';
import type { State } from './step';

export type DependentHome = Extract<Execution['home'], { in: 'due' | 'waiting' }>;

/** Rows in memory, and what every transaction does with them: placing, entering a lane, promoting its next. */
export abstract class MachineLanes {
  now = 0;
  readonly states = new Map<number, State>();
  readonly lanes = new Map<string, Lane>();
  /** By event, then in the graph's order. */
  readonly executions: Execution[][] = [];
  protected slots = false;

  /** The lowest place heads the lane now; without one it ends. */
  protected promote(lane: Lane): void {
    const placeOf = ({ home }: Execution) => (home?.in === 'waiting' ? home.place : null);
    const [next] = this.executions
      .map((event) => event[lane.operationId - 1])
      .filter((execution) => execution.key === lane.key && placeOf(execution) !== null)
      .sort((a, b) => Number(placeOf(a)) - Number(placeOf(b)));
    lane.blocked = false;
    if (!next) {
      this.lanes.delete(`${lane.operationId}/${lane.key}`);
      return;
    }
    lane.head = next;
    const home = next.home as Extract<Execution['home'], { in: 'waiting' }>;
    home.place = null;
    if (home.pending.length === 0) this.place(next, this.slots);
  }

  /** @returns its place in the lane; `null`: it heads it, or has none */
  protected enter(execution: Execution): number | null {
    const { key, operation } = execution;
    if (key === null) return null;
    const lane = this.laneOf(execution);
    if (lane) return lane.head === execution ? null : lane.nextPlace++;
    const { operationId } = operation;
    this.lanes.set(`${operationId}/${key}`, {
      operationId,
      key,
      head: execution,
      nextPlace: 0,
      blocked: false,
    });
    return null;
  }

  protected place(execution: Execution, slot: boolean): void {
    const { attempt, counted } = execution.home as DependentHome;
    execution.home =
      slot && this.isActive(execution.operation.operationId)
        ? { in: 'in_flight', attempt: attempt + 1, counted: counted + 1 }
        : { in: 'due', attempt, counted, dueAt: this.now, pending: [] };
  }

  protected laneOf({ operation, key }: Execution): Lane | undefined {
    return key === null ? undefined : this.lanes.get(`${operation.operationId}/${key}`);
  }

  of(event: number, operationId: number): Execution {
    return this.executions[event][operationId - 1];
  }

  protected isActive(operationId: number): boolean {
    return (this.states.get(operationId) ?? 'active') === 'active';
  }
}

/** 0 where it is not in `due`. */
export const dueAtOf = ({ home }: Execution): number => (home?.in === 'due' ? home.dueAt : 0);
