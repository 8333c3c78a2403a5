import type {
  AttemptFacts,
  EffectFacts,
  Evidence,
  OperationFacts,
  PublishCall,
  StoredEvent,
} from './evidence';

const BASE_MS = 1_000_000;

function operation(name: string, over: Partial<OperationFacts> = {}): OperationFacts {
  return {
    name,
    eventType: 'order.paid',
    ordered: false,
    dependsOn: [],
    onDependencyDead: 'block',
    onDead: 'block',
    delayMs: 0,
    ratePerSecond: null,
    recordsEffects: true,
    ...over,
  };
}

/** A healthy run of six events and three operations: what the checker's own specs spoil, one fact at a time. */
export function sampleEvidence(): Evidence {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => `shop ${letter}`);
  const operations = [
    operation('points.grant', { ordered: true }),
    operation('coupons.issue', { ratePerSecond: 100 }),
    operation('wechat.notify', { dependsOn: ['coupons.issue'] }),
  ];
  const publishes: PublishCall[] = names.map((event, at) => ({
    event,
    type: 'order.paid',
    key: 'user-1',
    content: `content of ${event}`,
    deliverAtMs: event === 'shop e' ? BASE_MS + 60_000 : null,
    invokedOrder: at * 2,
    answeredOrder: at * 2 + 1,
    answer: 'accepted',
  }));
  const events: StoredEvent[] = publishes.map(({ event, content, deliverAtMs }, at) => ({
    event,
    eventId: `id-${at}`,
    type: 'order.paid',
    key: 'user-1',
    content,
    deliverAtMs,
    partition: 3,
    offset: at,
    cancelled: event === 'shop f',
    operations: operations.map(({ name }) => name),
  }));
  const effects: EffectFacts[] = [];
  const attempts: AttemptFacts[] = [];
  for (const [at, { event, content, cancelled, deliverAtMs }] of events.entries())
    for (const [step, { name }] of operations.entries()) {
      if (cancelled) continue;
      const startedMs = (deliverAtMs ?? BASE_MS) + at * 100 + step * 10;
      effects.push({
        executionId: `${event}/${name}`,
        event,
        operation: name,
        attempt: 1,
        content,
        order: at * 10 + step,
        atMs: startedMs + 1,
      });
      attempts.push({
        event,
        operation: name,
        attempt: 1,
        outcome: 'completed',
        startedMs,
        endedMs: startedMs + 5,
      });
    }
  return {
    publishes,
    cancels: [{ event: 'shop f', invokedOrder: 20, answeredOrder: 21, answer: 'cancelled' }],
    reschedules: [],
    operations,
    events,
    executions: events.flatMap(({ event, cancelled }) =>
      operations.map(({ name }) => ({
        event,
        operation: name,
        state: cancelled ? ('cancelled' as const) : ('completed' as const),
        homes: [],
        explained: null,
      })),
    ),
    attempts,
    effects,
    quarantined: [],
    partitions: [{ logId: 'postgres:1', partition: 3, stored: 6, logEnd: 6 }],
    reconcileFaults: [],
    resources: [{ process: 'bus-consumer-1', upMs: 1000, rssMb: 120, connections: 6 }],
    people: [],
    injected: { quarantine: {}, lostCommits: false, clockErrorMs: 0, rssLimitMb: 256, connectionLimit: 10 },
  };
}
