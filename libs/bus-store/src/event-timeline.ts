import type {
  AttemptOutcome,
  DeadCause,
  EventReference,
  ExecutionState,
  OperationState,
} from '@bus/contracts';
import type { LinkedEvent, RecordPlace } from './event-repairs';
import type { Page, PageRequest, TimeRange } from './page';

/** What support knows of an event. All given conditions hold together. */
export interface EventSearch {
  source?: string;
  messageId?: string;
  type?: string;
  key?: string;
  /** `payload.orderId`, as text. No index: every event of the range is read. */
  orderId?: string;
  /** `null`: all times; only where no condition is given that has no index. */
  range: TimeRange | null;
}

export interface FoundEvent {
  eventId: string;
  source: string;
  messageId: string;
  type: string;
  key: string | null;
  occurredAt: Date;
  deliverAt: Date | null;
  storedAt: Date;
  /** No operation was configured for its type when it was stored. */
  unrouted: boolean;
  /** How many of its executions are in which state. */
  states: Partial<Record<ExecutionState, number>>;
}

/** An event whose executions stand before this one in the lane. */
export interface LaneNeighbour extends EventReference {
  eventId: string;
}

export interface TimelineAttempt {
  attempt: number;
  outcome: AttemptOutcome;
  code: string | null;
  reason: string | null;
  output: unknown;
  durationMs: number | null;
  endedAt: Date;
}

export interface TimelineExecution {
  operationId: number;
  operation: string;
  /** `null`: neither a home nor an end: a fault. */
  state: ExecutionState | null;
  /** The last attempt; 0 = none has started. */
  attempt: number;
  /** State of the operation itself, now. */
  operationState: OperationState;
  /** When a scheduled or retrying one is due. */
  dueAt: Date | null;
  /** Until when the attempt in flight belongs to its dispatcher. */
  leaseUntil: Date | null;
  /** Operations of the same event that it waits for; `dead`: that one died, and this one needs a person. */
  dependencies: { operation: string; dead: boolean }[];
  /** Its lane, where it stands behind another event. */
  lane: { key: string; head: LaneNeighbour; blocked: boolean } | null;
  deadLetter: { cause: DeadCause; code: string | null; reason: string | null; diedAt: Date } | null;
  /** Ended ones, oldest first. */
  attempts: TimelineAttempt[];
}

/** Where a repaired event comes from. */
export interface EventOriginal extends Omit<LinkedEvent, keyof EventReference> {
  /** `null`: it was a record in quarantine. */
  eventId: string | null;
  /** `null`: it was an event. */
  record: RecordPlace | null;
}

export interface EventTimelineView {
  event: Omit<FoundEvent, 'states'> & {
    /** JSON text; `null` once retention took it. */
    payload: string | null;
    traceparent: string | null;
    cancelledAt: Date | null;
    /** Graph version that it runs under. */
    graphVersion: number | null;
    brokerPartition: number;
    brokerOffset: string;
  };
  /** What it was sent again from; `null`: it is nobody's repair. */
  original: EventOriginal | null;
  /** New events that it was sent again as, oldest first. */
  resentAs: LinkedEvent[];
  /** By operation name. */
  executions: TimelineExecution[];
  /** The database's clock when this was read. */
  readAt: Date;
}

/** What is known of a message that was cancelled or rescheduled before it arrived. */
export interface PlaceholderView extends EventReference {
  cancelledAt: Date | null;
  /** Its new time, where it was rescheduled. */
  deliverAt: Date | null;
}

/** Port: what became of an event, for people. */
export abstract class EventTimeline {
  /** @throws BusError `unavailable` where it takes over 5 s: narrow the range */
  abstract search(search: EventSearch, page: PageRequest): Promise<Page<FoundEvent>>;
  /** From one snapshot. `null`: no such event is stored. */
  abstract timeline(eventId: string): Promise<EventTimelineView | null>;
  /** `null`: the message has arrived, or nobody has spoken of it. */
  abstract placeholder(event: EventReference): Promise<PlaceholderView | null>;
}
