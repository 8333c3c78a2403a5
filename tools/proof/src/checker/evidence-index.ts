import type {
  AttemptFacts,
  ControlCall,
  EffectFacts,
  EventName,
  Evidence,
  ExecutionFacts,
  OperationFacts,
  PublishCall,
  StoredEvent,
} from './evidence';

/** Names one execution among all; neither part has a line feed. */
export function executionName(event: EventName, operation: string): string {
  return `${event}\n${operation}`;
}

/** Evidence by the keys that the invariants look it up by; made once. */
export class EvidenceIndex {
  readonly events = new Map<EventName, StoredEvent>();
  readonly publishes: Map<EventName, PublishCall[]>;
  readonly cancels: Map<EventName, ControlCall[]>;
  readonly reschedules: Map<EventName, ControlCall[]>;
  readonly executions = new Map<string, ExecutionFacts>();
  /** By attempt number. */
  readonly attempts: Map<string, AttemptFacts[]>;
  /** By order. */
  readonly effects: Map<string, EffectFacts[]>;
  /** How often each execution was forced to run again. */
  readonly forced = new Map<string, number>();
  /** Executions that a person has touched: their order is no longer that of the log. */
  readonly touched = new Set<string>();
  private readonly operations: Map<string, OperationFacts>;

  constructor(readonly evidence: Evidence) {
    for (const event of evidence.events)
      if (!this.events.has(event.event)) this.events.set(event.event, event);
    this.publishes = grouped(evidence.publishes, (call) => call.event);
    this.cancels = grouped(evidence.cancels, (call) => call.event);
    this.reschedules = grouped(evidence.reschedules, (call) => call.event);
    for (const facts of evidence.executions)
      this.executions.set(executionName(facts.event, facts.operation), facts);
    this.attempts = grouped(evidence.attempts, (row) => executionName(row.event, row.operation));
    for (const rows of this.attempts.values()) rows.sort((a, b) => a.attempt - b.attempt);
    this.effects = grouped(evidence.effects, (row) => executionName(row.event, row.operation));
    for (const rows of this.effects.values()) rows.sort((a, b) => a.order - b.order);
    this.operations = new Map(evidence.operations.map((facts) => [facts.name, facts]));
    for (const { kind, event, operation } of evidence.people) {
      const name = executionName(event, operation);
      this.touched.add(name);
      if (kind === 'force') this.forced.set(name, (this.forced.get(name) ?? 0) + 1);
    }
  }

  /** Settings of an operation as the event's own graph had them; `undefined`: unknown to the run. */
  operationOf(event: StoredEvent, name: string): OperationFacts | undefined {
    return event.graph?.find((facts) => facts.name === name) ?? this.operations.get(name);
  }

  operation(name: string): OperationFacts | undefined {
    return this.operations.get(name);
  }
}

export function grouped<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
