import { leaseMsOf, type RunnableGraph } from '@bus/domain';
import type { InboxBatch, IngestOutcome, TogetherOutcome } from '../../../event-inbox';
import type { AttemptEnd, ClaimedExecution, ClaimRoom, ExpiredExecution } from '../../../execution-ledger';
import { EVENT_TYPES, operationsOf } from './compared-graphs';
import type { ComparedSnapshot } from './compared-snapshot';
import { endOf } from './ended-attempt';
import { performByPerson } from './person-command';
import { plannedMessage, recordOf, reference } from './planned-message';
import type { IngestedMessage, StoreCommand } from './store-command';
import { ReadCatalog, type StoreSide } from './store-side';

const LOG = 'postgres:conformance';
const MINUTE_MS = 60_000;
const AUTHOR = { actor: 'spec', reason: 'conformance' };

type Command<K extends StoreCommand['kind']> = Extract<StoreCommand, { kind: K }>;

/** One store under a sequence of commands: does each, and says what came of it in terms that both stores share. */
export class ComparedRun {
  private readonly catalog: ReadCatalog;
  private before: RunnableGraph[] = [];
  private readonly names = new Map<number, string>();
  private lowWater = new Map<number, string>();
  private readonly positions = [0n, 0n];

  constructor(private readonly side: StoreSide) {
    this.catalog = new ReadCatalog(side.graphs);
  }

  async open(): Promise<void> {
    await this.activate({ kind: 'activate', variant: 0, stale: false });
    await this.side.inbox.positions(LOG, new Map(this.positions.entries()));
  }

  /** @param seen what both stores held before */
  async perform(command: StoreCommand, seen: ComparedSnapshot): Promise<unknown> {
    switch (command.kind) {
      case 'ingest':
        return this.ingest(command);
      case 'claim':
        return this.claim(command);
      case 'close':
        return this.close(command);
      case 'expire':
        return this.expire(command);
      case 'cancel':
        return this.side.control.cancel(reference(command.message));
      case 'reschedule':
        return this.side.control.reschedule(
          reference(command.message),
          this.side.at(command.inMin * MINUTE_MS),
        );
      case 'read':
        return this.read(command.message);
      case 'state':
        return this.setState(command);
      case 'activate':
        return this.activate(command);
      case 'wait':
        this.lowWater = new Map();
        return this.side.wait(command.minutes * MINUTE_MS);
      case 'pulse':
        return this.pulse();
      default:
        return performByPerson(this.side, command, seen);
    }
  }

  private async ingest(command: Command<'ingest'>): Promise<unknown> {
    const once = [...new Map(command.messages.map((one) => [one.message, one])).values()];
    const beside = once.slice(0, command.beside);
    if (beside.length === 0) {
      const batch = this.batchOf(command, once, 0);
      return this.stored(await this.side.inbox.ingest(batch), [batch]);
    }
    const readable = { ...command, unreadable: false };
    // A message may stand in both: then they do not go together.
    const rest = command.unreadable ? once : once.slice(beside.length);
    const batches = [this.batchOf(readable, rest, 0), this.batchOf(readable, beside, 1)];
    return this.stored(await this.side.inbox.ingestTogether(batches), batches);
  }

  private batchOf(
    { start: from, graphs, unreadable }: Command<'ingest'>,
    messages: readonly IngestedMessage[],
    partition: number,
  ): InboxBatch {
    const held = this.positions[partition] ?? 0n;
    const start = from === 'old' && held > 0n ? held - 1n : held;
    const known = graphs === 'old' ? this.before : this.catalog.active;
    const events = messages.map((one, index) =>
      plannedMessage(one, known, start + BigInt(index), (ms) => this.side.at(ms)),
    );
    const at = start + BigInt(events.length);
    const quarantined: InboxBatch['quarantined'] = unreadable
      ? [{ record: recordOf(at, '{'), fault: 'not_json', detail: 'cut off' }]
      : [];
    const next = at + BigInt(quarantined.length);
    return { logId: LOG, partition, start, next, dispatcherId: 1, events, quarantined };
  }

  private stored(outcome: IngestOutcome | TogetherOutcome, batches: readonly InboxBatch[]): unknown {
    if (outcome.outcome !== 'stored') return JSON.stringify(outcome, (_, value: unknown) => text(value));
    for (const { partition, next } of batches) this.positions[partition] = next;
    const { started, ...counts } = outcome;
    return {
      ...counts,
      started: started.map((row) => `${row.eventId} ${this.nameOf(row.operationId)}`).sort(),
    };
  }

  private async claim(command: Command<'claim'>): Promise<unknown> {
    if (command.free < 50) await this.side.evenOut();
    const rooms = this.catalog.active.flatMap((graph) =>
      graph.operations
        .filter(({ state }) => state === 'active')
        .map((operation): ClaimRoom => ({
          ...{ operationId: operation.operationId, free: command.free, leaseMs: leaseMsOf(operation) },
          ...{ ordered: operation.ordered, ratePerSecond: operation.ratePerSecond },
          lowWater: command.fromLowWater ? (this.lowWater.get(operation.operationId) ?? null) : null,
          ...(command.retries === null ? {} : { retries: command.retries }),
        })),
    );
    const outcome = await this.side.ledger.claim(rooms, this.catalog.context(true));
    for (const [operationId, mark] of outcome.lowWater) this.lowWater.set(operationId, mark);
    return {
      started: this.told(outcome.executions),
      events: outcome.events.map((event) => ({ ...event, graphId: 0 })).sort(byText),
      marks: [...outcome.lowWater.keys()].map((id) => this.nameOf(id)).sort(),
      more: [...outcome.more].map((id) => this.nameOf(id)).sort(),
    };
  }

  private async close(command: Command<'close'>): Promise<unknown> {
    const inFlight = this.inOrder(await this.side.ledger.ownInFlight(1));
    if (inFlight.length === 0) return 'nothing in flight';
    const picked = new Map<ExpiredExecution, AttemptEnd>();
    const againAtOnce = new Set<number>();
    for (const { place, mode, fenceOff } of command.ends) {
      const row = inFlight[place % inFlight.length] as ExpiredExecution;
      // Two at once would be due in an order of PostgreSQL's choice.
      const twice = mode === 'again_at_once' && againAtOnce.has(row.operationId);
      if (mode === 'again_at_once') againAtOnce.add(row.operationId);
      picked.set(row, endOf(row, twice ? 'given_back' : mode, fenceOff));
    }
    return this.closeAll([...picked.values()], command.slots);
  }

  private async expire({ slots }: Command<'expire'>): Promise<unknown> {
    const expired = this.inOrder(await this.side.ledger.expired(100));
    const outcome = await this.closeAll(
      expired.map((row) => endOf(row, 'expired', false)),
      slots,
    );
    return { expired: expired.map((row) => ({ ...row, operationId: 0, graphId: 0 })), outcome };
  }

  private async closeAll(ends: readonly AttemptEnd[], slots: boolean): Promise<unknown> {
    const outcome = await this.side.ledger.close(ends, this.catalog.context(slots));
    return {
      ...{ applied: outcome.applied, dead: outcome.dead.sort((a, b) => a - b), dueNow: outcome.dueNow },
      started: this.told(outcome.released.executions),
      events: outcome.released.events.map((event) => event.messageId).sort(),
    };
  }

  private async read(message: number): Promise<unknown> {
    const status = await this.side.control.getEvent(reference(message));
    if (!status) return null;
    const { deliverAt, storedAt, cancelledAt, ...event } = status.event;
    return {
      ...{ event, executions: status.executions },
      times: [deliverAt !== null, storedAt !== null, cancelledAt !== null],
      attempts: status.attempts.map(({ endedAt: _now, ...attempt }) => attempt).sort(byText),
    };
  }

  private async setState({ operation, state }: Command<'state'>): Promise<unknown> {
    const names = this.catalog.active.flatMap((graph) => graph.operations.map(({ name }) => name)).sort();
    const changed = await this.side.graphs.setState(names[operation % names.length] ?? '', state, 'spec');
    await this.catalog.refresh();
    return changed;
  }

  private async activate({ variant, stale }: Command<'activate'>): Promise<unknown> {
    const outcome = await this.side.graphs.activateAll(
      EVENT_TYPES.map((eventType) => {
        const active = this.catalog.active.find((graph) => graph.eventType === eventType)?.version ?? null;
        const expectedVersion = stale ? (active ?? 0) + 1 : active;
        return { eventType, expectedVersion, operations: operationsOf(eventType, variant), ...AUTHOR };
      }),
    );
    this.before = this.catalog.active;
    await this.catalog.refresh();
    for (const graph of this.catalog.active)
      for (const { operationId, name } of graph.operations) this.names.set(operationId, name);
    return outcome.outcome === 'stale'
      ? outcome
      : outcome.graphs.map(({ eventType, outcome: done, version }) => ({ eventType, done, version }));
  }

  private async pulse(): Promise<unknown> {
    const { dueOperationIds, nextDueInMs, leaseEnded, lowWater } = await this.side.ledger.pulse({
      lowWater: this.lowWater,
      leases: true,
    });
    for (const [operationId, mark] of lowWater) this.lowWater.set(operationId, mark);
    const idle = [...lowWater.keys()].map((id) => this.nameOf(id)).sort();
    const due = dueOperationIds.map((id) => this.nameOf(id)).sort();
    return {
      due,
      idle,
      nextMin: nextDueInMs === null ? null : Math.round(nextDueInMs / MINUTE_MS),
      leaseEnded,
    };
  }

  private told(executions: readonly ClaimedExecution[]): unknown[] {
    return executions
      .map(({ operationId, eventId, attempt, counted, inputs, forcedRuns }) => ({
        ...{ operation: this.nameOf(operationId), eventId, attempt, counted, inputs, forcedRuns },
      }))
      .sort(byText);
  }

  private inOrder(rows: readonly ExpiredExecution[]): ExpiredExecution[] {
    const nameOf = (row: ExpiredExecution) => `${row.eventId} ${this.nameOf(row.operationId)}`;
    return [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }

  private nameOf(operationId: number): string {
    return this.names.get(operationId) ?? String(operationId);
  }
}

const text = (value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);
const byText = (a: unknown, b: unknown): number =>
  JSON.stringify(sortKeys(a)) < JSON.stringify(sortKeys(b)) ? -1 : 1;
const sortKeys = (value: unknown): unknown =>
  Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
