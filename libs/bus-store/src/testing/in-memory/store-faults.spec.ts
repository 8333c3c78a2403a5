import { contentHash, fanOut, identityOf } from '@bus/domain';
import { v7 } from 'uuid';
import type { AttemptEnd } from '../../execution-ledger';
import { operationsOf } from './conformance/compared-graphs';
import { ReadCatalog } from './conformance/store-side';
import { InMemoryStore } from './in-memory-store';
import type { ExecutionMove, InFlightRow } from './rows';

/** A store with one event of type `b`: `b.lane` in flight, the others waiting for it. */
async function storeWithEvent(store: InMemoryStore) {
  store.activateAllNow([
    { eventType: 'b', expectedVersion: null, operations: operationsOf('b', 0), actor: 'spec', reason: null },
  ]);
  const catalog = new ReadCatalog(store.operationGraphs());
  await catalog.refresh();
  const [graph] = catalog.active;
  const event = {
    ...{ eventId: v7(), source: 'spec', messageId: 'm', type: 'b', key: 'k', payload: '{}' },
    ...{ occurredAt: '2026-01-02T03:04:05.678Z', deliverAt: null, traceparent: null },
  };
  store.positionsNow('log', new Map([[0, 0n]]));
  store.ingestNow({
    ...{ logId: 'log', partition: 0, start: 0n, next: 1n, dispatcherId: 1, quarantined: [] },
    events: [
      {
        ...{ event, offset: 0n, identity: identityOf('spec', 'm'), contentHash: contentHash('b', 'k', '{}') },
        record: { partition: 0, offset: 0n, key: null, value: null, headers: [], appendedAt: new Date() },
        graphId: graph.graphId,
        executions: fanOut(event, graph, { verdicts: new Map(), take: () => true }),
      },
    ],
  });
  const end = (over: Partial<AttemptEnd> = {}): AttemptEnd => ({
    ...{ eventId: event.eventId, operationId: graph.operations[0].operationId, attempt: 1, key: 'k' },
    ...{ graphId: graph.graphId, outcome: 'completed', code: null, reason: null, output: null },
    ...{ durationMs: 1, after: { kind: 'ended' }, ...over },
  });
  return { context: catalog.context(true), end };
}

const options = (moves: ExecutionMove[] = []) => ({
  nowMs: () => 1_000_000,
  onMove: (move: ExecutionMove) => moves.push(move),
});

describe('InMemoryStore by itself', () => {
  it('tells every move of a transaction after it, and finds no fault in legal ones', async () => {
    const moves: ExecutionMove[] = [];
    const store = new InMemoryStore(options(moves));
    const { context, end } = await storeWithEvent(store);
    store.closeNow([end()], context);
    const told = moves.map(({ from, to, legal }) => `${from} ${to} ${legal}`);
    expect(told.slice(0, 4).sort()).toEqual([
      'new in_flight true',
      ...['new waiting true', 'new waiting true', 'new waiting true'],
    ]);
    expect(told.slice(4)).toEqual(['in_flight completed true', 'waiting in_flight true']);
    expect(store.faults()).toEqual([]);
  });

  it('leaves nothing of a transaction that throws', async () => {
    const store = new InMemoryStore(options());
    const { context, end } = await storeWithEvent(store);
    const before = store.snapshot();
    const take = () => {
      throw new Error('no slots today');
    };
    expect(() => store.closeNow([end()], { ...context, slots: { take, release: () => undefined } })).toThrow(
      'no slots today',
    );
    expect(store.snapshot()).toEqual(before);
    expect(store.closeNow([end()], context).applied).toEqual([true]);
  });

  it('drops an end that names another attempt; a store without the fence takes it', async () => {
    class Fenceless extends InMemoryStore {
      protected override fenceMatches(_row: InFlightRow, _end: AttemptEnd): boolean {
        return true;
      }
    }
    for (const [store, applied] of [
      [new InMemoryStore(options()), false],
      [new Fenceless(options()), true],
    ] as const) {
      const { context, end } = await storeWithEvent(store);
      expect(store.closeNow([end({ attempt: 7 })], context).applied).toEqual([applied]);
    }
  });

  it('finds a lane whose head is gone, a second home and a move that is not in the table', async () => {
    class Careless extends InMemoryStore {
      break(eventId: string, operationId: number): void {
        const row = this.inFlight.get(`${eventId}/${operationId}`) as InFlightRow;
        this.transaction(() => this.deleteInFlight(row));
      }

      twice(eventId: string, operationId: number): void {
        this.transaction(() => {
          const row = { eventId, operationId, attempt: 0, counted: 0, key: 'k', pending: [] };
          this.insertDue({ ...row, ...this.clockTime() });
        });
      }
    }
    const store = new Careless(options());
    const { end } = await storeWithEvent(store);
    const { eventId, operationId } = end();
    const name = `${eventId}/${operationId}`;
    store.twice(eventId, operationId);
    expect(store.faults()).toEqual([`${name} has two homes: in_flight, due`]);
    store.due.delete(name);
    store.break(eventId, operationId);
    expect(store.faults()).toEqual(
      expect.arrayContaining([
        `${name} went from in_flight to null`,
        `${name} has neither a home nor an end`,
        `${eventId}/${operationId + 1} waits for operation ${operationId}, which has ended`,
        `lane ${operationId}/k is headed by ${eventId}, which has no home`,
      ]),
    );
  });
});
