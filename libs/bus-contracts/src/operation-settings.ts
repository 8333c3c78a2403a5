/** `at_most_once`: an attempt with an unknown outcome is never sent again; it dies with `outcome_unknown`. */
export type Effect = 'at_least_once' | 'at_most_once';
/** What a dependent does when an operation it depends on died: wait for a person, be skipped, or run without its output. */
export type OnDependencyDead = 'block' | 'skip' | 'run';
/** What an ordered lane does behind a dead execution: wait for a person, or go on. */
export type OnDead = 'block' | 'skip';
/** `paused`: nothing is claimed, everything is kept. `disabled`: new events skip it. */
export type OperationState = 'active' | 'paused' | 'disabled';

/** Full jitter: the n-th delay is random within 0…min(backoffCapMs, backoffMs · 2ⁿ⁻¹), at least `retryAfterMs`. */
export interface RetrySettings {
  /** `null`: unlimited. Default `null`. */
  maxAttempts: number | null;
  /** From the execution's first attempt being due; tested after a failed attempt. Default 7 days. */
  maxAgeMs: number;
  /** Default 1,000. */
  backoffMs: number;
  /** Default 3,600,000. */
  backoffCapMs: number;
}

/** One operation of a graph, complete. */
export interface OperationSettings {
  /** `<service>.<verb>`. */
  name: string;
  eventType: string;
  /** `tcp://host:port` (Nest TCP), `http(s)://…` (POST); absent for built-in operations (`bus.*`). */
  endpoint: string | null;
  /** Of one attempt. Default 5,000, at most 30,000. */
  timeoutMs: number;
  /** Calls in flight per replica. Default 64. */
  concurrency: number;
  /** Attempts started per second in the whole cluster; `null`: no limit. Default `null`. */
  ratePerSecond: number | null;
  /** One after another per key. Default false. */
  ordered: boolean;
  dependsOn: string[];
  onDependencyDead: OnDependencyDead;
  onDead: OnDead;
  retry: RetrySettings;
  effect: Effect;
  /** JSONata over `{ messageId, source, type, key, payload, occurredAt }`; false skips. */
  filter: string | null;
  /** JSONata; its result replaces `event.payload`. */
  mapping: string | null;
  /** Beside the event's own delay. Default 0. */
  delayMs: number;
  state: OperationState;
  /** Built-in `bus.cancel-delayed` only: the source whose messages it may cancel, a literal. */
  cancelSource: string | null;
}

/** Pinned to the graph version that an event was stored under; all other settings are live. */
export const PINNED_SETTINGS = [
  'name',
  'eventType',
  'dependsOn',
  'filter',
  'mapping',
  'ordered',
  'effect',
] as const satisfies readonly (keyof OperationSettings)[];

export const OPERATION_DEFAULTS: Omit<OperationSettings, 'name' | 'eventType' | 'endpoint'> = {
  timeoutMs: 5000,
  concurrency: 64,
  ratePerSecond: null,
  ordered: false,
  dependsOn: [],
  onDependencyDead: 'block',
  onDead: 'block',
  retry: { maxAttempts: null, maxAgeMs: 7 * 24 * 60 * 60 * 1000, backoffMs: 1000, backoffCapMs: 3_600_000 },
  effect: 'at_least_once',
  filter: null,
  mapping: null,
  delayMs: 0,
  state: 'active',
  cancelSource: null,
};

/** Name of the built-in operation that cancels a delayed event. */
export const CANCEL_DELAYED = 'bus.cancel-delayed';
/** Built-in operations run inside bus-consumer and need no endpoint. */
export const BUILT_IN_PREFIX = 'bus.';
