import { MetricsRegistry, SystemRandom } from '@bus/app-shell';
import { Expressions } from '@bus/domain';
import type { LoadedEvent } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { AttemptRun } from '../dispatch/attempt-run';
import { Dispatcher } from '../dispatch/dispatcher';
import { DueHints } from '../dispatch/due-hints';
import { DueScheduler } from '../dispatch/due.scheduler';
import { ExecutionRecord } from '../dispatch/execution-record';
import { ExecutionsInHand } from '../dispatch/executions-in-hand';
import { InFlightWindow } from '../dispatch/in-flight-window';
import { LeaseScheduler } from '../dispatch/lease.scheduler';
import { LedgerSession } from '../dispatch/ledger-session';
import { OperationSlots } from '../dispatch/operation-slots';
import { SettleBatch } from '../dispatch/settle-batch';
import { TimeoutWheel } from '../dispatch/timeout-wheel';
import { ActiveGraphs } from '../graphs/active-graphs';
import { FakeGraphs, graphOf } from './fake-graphs';
import { FakeLedger } from './fake-ledger';
import { FakeServices } from './fake-services';
import { ManualTime } from './manual-time';

/** The stages of dispatch, put together by hand around a ledger in memory and a clock that the test moves. */
export async function openStages(operations: Parameters<typeof graphOf>[0]) {
  const time = new ManualTime();
  const ledger = new FakeLedger();
  const services = new FakeServices();
  const store = new FakeGraphs([graphOf(operations)]);
  const graphs = new ActiveGraphs(store, time.clock);
  await graphs.refresh();
  const metrics = new ConsumerMetrics(new MetricsRegistry());
  const window = new InFlightWindow();
  const slots = new OperationSlots(graphs, time.clock);
  const inHand = new ExecutionsInHand(window, slots, graphs, time.clock);
  const session = new LedgerSession(ledger, graphs, inHand, time.clock, new DueHints());
  await session.open();
  const record = new ExecutionRecord(metrics, graphs);
  const settle = new SettleBatch(ledger, session, time, record);
  const attempts = new AttemptRun(
    services,
    new Expressions(() => time.clock.monotonicMs()),
    new TimeoutWheel(time.clock, time),
    time.clock,
    new SystemRandom(),
  );
  const dispatcher = new Dispatcher(inHand, attempts, settle, record, time);
  const due = new DueScheduler(ledger, session, dispatcher, time, metrics);
  const leases = new LeaseScheduler(ledger, session, settle, attempts, metrics);
  const nowMs = () => time.clock.monotonicMs();

  return {
    time,
    ledger,
    services,
    store,
    graphs,
    metrics,
    window,
    slots,
    inHand,
    session,
    settle,
    dispatcher,
    due,
    leases,
    /** Executions of the first operation, leased to this process just now. */
    accept(eventIds: readonly string[], over: { leaseMs?: number; operationId?: number } = {}): void {
      const operationId = over.operationId ?? 1;
      slots.reserve(operationId, eventIds.length);
      dispatcher.accept(
        {
          executions: eventIds.map((eventId) => ({
            eventId,
            operationId,
            attempt: 1,
            counted: 1,
            inputs: null,
            forcedRuns: 0,
          })),
          events: eventIds.map(eventOf),
        },
        {
          startedMs: nowMs(),
          leaseMs: over.leaseMs === undefined ? undefined : () => over.leaseMs as number,
        },
      );
    },
  };
}

export type Stages = Awaited<ReturnType<typeof openStages>>;

export function eventOf(eventId: string): LoadedEvent {
  return {
    eventId,
    source: 'spec',
    messageId: eventId,
    type: 'order.paid',
    key: null,
    payload: '{}',
    occurredAt: '2026-01-02T03:04:05.678Z',
    traceparent: null,
    graphId: 1,
  };
}
