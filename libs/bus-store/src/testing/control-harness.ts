import type { RunnableGraph } from '@bus/domain';
import type { PlannedEvent } from '../event-inbox';
import { PostgresExecutionControl } from '../postgres/execution-control.repository';
import { InboxHarness, type PlannedOverrides } from './inbox-harness';

/** Events stored by the real inbox and ended by the real ledger, for what people do with executions. */
export class ControlHarness {
  readonly control: PostgresExecutionControl;
  readonly author = { actor: 'ann', reason: 'spec', ip: '127.0.0.1' };

  private constructor(readonly inbox: InboxHarness) {
    this.control = new PostgresExecutionControl(inbox.pool);
  }

  static async open(): Promise<ControlHarness> {
    return new ControlHarness(await InboxHarness.open());
  }

  get store() {
    return this.inbox.store;
  }

  get pool() {
    return this.inbox.pool;
  }

  close(): Promise<void> {
    return this.inbox.close();
  }

  /** Stored; what can start is in flight with attempt 1. */
  async stored(graph: RunnableGraph | null, over: PlannedOverrides = {}): Promise<PlannedEvent> {
    const planned = this.inbox.planned(graph, over);
    await this.inbox.ingest([planned]);
    return planned;
  }

  /** Ends an attempt in flight: completed, or died as rejected. */
  async end(
    graph: RunnableGraph,
    planned: PlannedEvent,
    operation: string,
    how: 'completed' | 'dead',
    attempt = 1,
  ): Promise<void> {
    const outcome = await this.store.ledger.close(
      [
        this.store.end(graph, planned.event.eventId, idOf(graph, operation), {
          attempt,
          key: planned.event.key,
          outcome: how === 'dead' ? 'rejected' : 'completed',
          after: how === 'dead' ? { kind: 'dead', cause: 'rejected' } : { kind: 'ended' },
        }),
      ],
      this.store.context(),
    );
    if (!outcome.applied[0]) throw new Error(`attempt ${attempt} of ${operation} was not in flight`);
  }

  async replay(planned: PlannedEvent, operation: string, expectedAttempt: number, force = false) {
    const request = { eventId: planned.event.eventId, operation, expectedAttempt, force };
    const [outcome] = await this.control.replay([request], this.author);
    return outcome;
  }

  skip(planned: PlannedEvent, operation: string, expectedAttempt: number) {
    const execution = { eventId: planned.event.eventId, operation, expectedAttempt };
    return this.control.skip(execution, this.author);
  }

  /** Claims what is due of an operation, through the lanes where it is ordered. */
  async claim(graph: RunnableGraph, operation: string) {
    const ordered = graph.byId.get(idOf(graph, operation))?.ordered ?? false;
    const room = this.store.room(idOf(graph, operation), { ordered });
    return (await this.store.ledger.claim([room], this.store.context())).executions;
  }

  async states(planned: PlannedEvent): Promise<Record<string, string | null>> {
    return this.store.states(planned.event.eventId);
  }

  /** Results in `audit_entry` about one target, oldest first. */
  async audited(target: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ result: string }>(
      'select result from bus.audit_entry where target = $1 order by audit_id',
      [target],
    );
    return rows.map((row) => row.result);
  }
}

export function idOf(graph: RunnableGraph, operation: string): number {
  const found = graph.operations.find(({ name }) => name === operation);
  if (!found) throw new RangeError(`the graph has no ${operation}`);
  return found.operationId;
}
