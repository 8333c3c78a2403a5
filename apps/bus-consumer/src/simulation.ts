/**
 * The door for tools/proof: the real stages, to be put together by hand around ports, a virtual clock and a seeded
 * network. Nest's decorators on them do nothing there.
 */
export { ConsumerMetrics } from './consumer-metrics';
export { AttemptRun } from './dispatch/attempt-run';
export { OperationCaller, OutgoingCall, type CallSignal } from './dispatch/callers/operation-caller';
export { DispatchRun } from './dispatch/dispatch-run';
export { Dispatcher } from './dispatch/dispatcher';
export { DueHints } from './dispatch/due-hints';
export { DueScheduler } from './dispatch/due.scheduler';
export { ExecutionRecord } from './dispatch/execution-record';
export { ExecutionsInHand } from './dispatch/executions-in-hand';
export { InFlightWindow } from './dispatch/in-flight-window';
export { LeaseScheduler } from './dispatch/lease.scheduler';
export { LedgerSession } from './dispatch/ledger-session';
export { OperationSlots } from './dispatch/operation-slots';
export { SettleBatch } from './dispatch/settle-batch';
export { TimeoutWheel } from './dispatch/timeout-wheel';
export { ActiveGraphs } from './graphs/active-graphs';
export { BatchIngest } from './inbox/batch-ingest';
export { BatchPlanner } from './inbox/batch-planner';
export { EventIntake } from './inbox/event-intake';
export { InboxRecord } from './inbox/inbox-record';
export { LogReading } from './inbox/log-reading';
export { SystemTimers, Timers } from './timers';
export { Chores } from './upkeep/chores';
