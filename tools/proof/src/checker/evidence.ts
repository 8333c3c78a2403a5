import type { ExecutionState, OperationSettings } from '@bus/contracts';

/**
 * All that is known after a run, whoever made it: the simulation reads it from its store in memory, chaos from history
 * files and PostgreSQL. Times are ms on one clock (the database's) unless a name says otherwise; `order` numbers are
 * comparable among themselves only.
 */
export interface Evidence {
  /** Every call of publish, one per try, in the order in which they were begun. */
  publishes: PublishCall[];
  cancels: ControlCall[];
  reschedules: ControlCall[];
  /** By name; the newest settings of each. */
  operations: OperationFacts[];
  events: StoredEvent[];
  /** One for each event and operation of its graph. */
  executions: ExecutionFacts[];
  /** Rows of ended attempts. */
  attempts: AttemptFacts[];
  /** As services recorded them, without any unique key. */
  effects: EffectFacts[];
  quarantined: QuarantineFacts[];
  partitions: PartitionFacts[];
  /** What `reconcile` found: anything is a fault. */
  reconcileFaults: string[];
  resources: ResourceSample[];
  /** Actions of people that change what is to be expected. */
  people: PersonAction[];
  /** What was injected on purpose, and what that excuses. */
  injected: InjectedFacts;
}

/** Identifies an event: `source` and `messageId`, joined by a space (neither has one). */
export type EventName = string;

export interface PublishCall {
  event: EventName;
  type: string;
  key: string | null;
  /** What tells one content from another: a hash, or the payload. */
  content: string;
  /** Asked for; `null`: at once. */
  deliverAtMs: number | null;
  /** Order of this call's beginning and of its answer, over all calls of the run. */
  invokedOrder: number;
  answeredOrder: number | null;
  answer: 'accepted' | 'not_accepted' | 'unknown' | null;
}

export interface ControlCall {
  event: EventName;
  invokedOrder: number;
  answeredOrder: number | null;
  /** `null`: no answer, or 503 unknown. */
  answer: 'cancelled' | 'already_cancelled' | 'rescheduled' | 'too_late' | null;
  /** Of a reschedule. */
  deliverAtMs?: number;
}

export type OperationFacts = Pick<
  OperationSettings,
  'name' | 'eventType' | 'ordered' | 'dependsOn' | 'onDependencyDead' | 'onDead' | 'delayMs' | 'ratePerSecond'
> & {
  /** Its service writes a row of `effects` for each effect. */
  recordsEffects: boolean;
};

export interface StoredEvent {
  event: EventName;
  eventId: string;
  type: string;
  key: string | null;
  content: string;
  deliverAtMs: number | null;
  partition: number;
  offset: number;
  cancelled: boolean;
  /** Operations of the graph that it was stored under; empty: unrouted. */
  operations: string[];
  /** Settings of that graph where they differ from the newest ones. */
  graph?: OperationFacts[];
  /** What the operations' own delays count from, where it is known. */
  timeMs?: number;
}

export interface ExecutionFacts {
  event: EventName;
  operation: string;
  /** Of the view `execution`; `null`: it has neither home nor end. */
  state: ExecutionState | null;
  /** Home tables that hold a row of it. */
  homes: ('in_flight' | 'due' | 'waiting' | 'dead_letter')[];
  /** Why it waits or is held, in words of the store; for people. */
  explained: 'dependency_dead' | 'lane_blocked' | 'paused' | 'disabled' | 'due_later' | null;
}

export interface AttemptFacts {
  event: EventName;
  operation: string;
  attempt: number;
  outcome: string;
  /** `null`: no call left, or nobody saw its end. */
  startedMs: number | null;
  endedMs: number;
  /** When the lease of this attempt ended, where it is known: before it nobody may close it as `unknown`. */
  leaseEndsMs?: number;
  /** When it was put on record, where it is known: before it no effect of it may begin. */
  recordedMs?: number;
  /** How many ends of it the store took, where it is known: one at most. */
  ends?: number;
  /** The due time written for the next attempt, where it is known: before it none may start. */
  nextDueMs?: number;
}

export interface EffectFacts {
  executionId: string;
  event: EventName;
  operation: string;
  attempt: number;
  content: string;
  /** Order of commits, for effects that do not overlap. */
  order: number;
  /** When the effect began. */
  atMs: number;
}

export interface QuarantineFacts {
  fault: string;
  /** Where it could be read. */
  event: EventName | null;
}

export interface PartitionFacts {
  logId: string;
  partition: number;
  stored: number;
  logEnd: number;
}

export interface ResourceSample {
  process: string;
  /** Since the process started. */
  upMs: number;
  rssMb: number;
  connections?: number;
}

export interface PersonAction {
  kind: 'replay' | 'force' | 'skip' | 'unblock';
  event: EventName;
  operation: string;
}

export interface InjectedFacts {
  /** Records that must end in quarantine, by fault. */
  quarantine: Record<string, number>;
  /** Commits were lost by a failover: cancels (I8) and attempts (I9) of before are not to be relied on. */
  lostCommits: boolean;
  /** How far an effect may begin before its time by this evidence's clock: its reading error alone. Default 0. */
  clockErrorMs: number;
  /** RSS limit of a process, in MB. */
  rssLimitMb: number;
  connectionLimit: number;
}
