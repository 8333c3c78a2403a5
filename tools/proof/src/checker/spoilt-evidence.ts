import type { Evidence } from './evidence';
import type { InvariantId } from './findings';
import { attempt, effect, execution, stored } from './sample-rows';

/** Healthy runs in which one fact is spoilt, and the invariants that have to raise the alarm. */
export const spoiltEvidence: readonly [
  what: string,
  rules: InvariantId[],
  spoil: (evidence: Evidence) => void,
][] = [
  [
    'an accepted event is not stored',
    ['I1'],
    (evidence) => {
      evidence.events = evidence.events.filter((row) => row.event !== 'shop f');
      evidence.executions = evidence.executions.filter((row) => row.event !== 'shop f');
    },
  ],
  ['an execution is missing', ['I1'], (evidence) => evidence.executions.splice(0, 1)],
  [
    'an execution has not ended, and nobody says why',
    ['I1', 'I11'],
    (evidence) =>
      Object.assign(execution(evidence, 'shop f', 'points.grant'), { state: 'scheduled', homes: ['due'] }),
  ],
  [
    'an execution is said to be held by a dependency that has not died',
    ['I1'],
    (evidence) =>
      Object.assign(execution(evidence, 'shop f', 'wechat.notify'), {
        state: 'held',
        homes: ['waiting'],
        explained: 'dependency_dead',
      }),
  ],
  [
    'a completed execution has no effect',
    ['I1'],
    (evidence) =>
      (evidence.effects = evidence.effects.filter(
        (row) => row !== effect(evidence, 'shop b', 'wechat.notify'),
      )),
  ],
  [
    'an event is stored twice',
    ['I2'],
    (evidence) => evidence.events.push({ ...evidence.events[5], offset: 9 }),
  ],
  [
    'an event is stored that was answered not_accepted',
    ['I2'],
    (evidence) => (evidence.publishes[5].answer = 'not_accepted'),
  ],
  [
    'an event is stored that nobody published',
    ['I3', 'I8'],
    (evidence) =>
      evidence.events.push({
        ...stored(evidence, 'shop f'),
        event: 'shop x',
        operations: [],
        offset: 7,
        cancelled: true,
      }),
  ],
  [
    'an effect has other content than its event',
    ['I3'],
    (evidence) => (effect(evidence, 'shop a', 'coupons.issue').content = 'other'),
  ],
  [
    'an execution has two effects',
    ['I4'],
    (evidence) => evidence.effects.push({ ...effect(evidence, 'shop a', 'coupons.issue'), order: 99 }),
  ],
  [
    'an execution has a second effect under another execution id',
    ['I4'],
    (evidence) =>
      evidence.effects.push({
        ...effect(evidence, 'shop a', 'coupons.issue'),
        order: 99,
        executionId: 'other',
      }),
  ],
  [
    'the log has two events of a key the other way round',
    ['I5'],
    (evidence) => {
      stored(evidence, 'shop a').offset = 1;
      stored(evidence, 'shop b').offset = 0;
    },
  ],
  [
    'a lane has two effects the other way round',
    ['I5'],
    (evidence) => {
      effect(evidence, 'shop a', 'points.grant').order = 10;
      effect(evidence, 'shop b', 'points.grant').order = 0;
    },
  ],
  [
    'a dependent had its effect first',
    ['I6'],
    (evidence) => {
      effect(evidence, 'shop c', 'wechat.notify').order = 20.5;
    },
  ],
  [
    'a dependent has run though its dependency died under block',
    ['I6'],
    (evidence) => {
      Object.assign(execution(evidence, 'shop a', 'coupons.issue'), {
        state: 'dead',
        homes: ['dead_letter'],
      });
      attempt(evidence, 'shop a', 'coupons.issue').outcome = 'timeout';
    },
  ],
  [
    'a delayed effect is early',
    ['I7'],
    (evidence) => (effect(evidence, 'shop e', 'points.grant').atMs -= 600_000),
  ],
  [
    'an event is stored for an earlier time than asked for',
    ['I7'],
    (evidence) => (stored(evidence, 'shop e').deliverAtMs = 1_059_999),
  ],
  [
    'a retry has come before it was due',
    ['I7'],
    (evidence) => {
      const first = attempt(evidence, 'shop a', 'wechat.notify');
      evidence.attempts.push({ ...first, attempt: 2, endedMs: first.endedMs + 5 });
      Object.assign(first, { outcome: 'timeout', nextDueMs: first.endedMs + 1000 });
      effect(evidence, 'shop a', 'wechat.notify').attempt = 2;
    },
  ],
  [
    'a cancelled event has an attempt',
    ['I8'],
    (evidence) =>
      evidence.attempts.push({
        ...evidence.attempts[0],
        event: 'shop f',
        operation: 'coupons.issue',
        outcome: 'timeout',
      }),
  ],
  [
    'a cancelled event is stored as one that runs',
    ['I8'],
    (evidence) => (stored(evidence, 'shop f').cancelled = false),
  ],
  [
    'an event is cancelled though the answer was too_late',
    ['I8'],
    (evidence) => (evidence.cancels[0].answer = 'too_late'),
  ],
  [
    'an effect has no attempt on record',
    ['I9'],
    (evidence) => (effect(evidence, 'shop a', 'points.grant').attempt = 2),
  ],
  [
    'an attempt number is missing',
    ['I9'],
    (evidence) => {
      attempt(evidence, 'shop a', 'points.grant').attempt = 2;
      effect(evidence, 'shop a', 'points.grant').attempt = 2;
    },
  ],
  [
    'an attempt follows a completed one',
    ['I9'],
    (evidence) => {
      const first = attempt(evidence, 'shop a', 'points.grant');
      evidence.attempts.push({ ...first, attempt: 2, outcome: 'timeout', endedMs: first.endedMs + 1 });
    },
  ],
  [
    'two attempts say completed',
    ['I9'],
    (evidence) => {
      const first = attempt(evidence, 'shop a', 'points.grant');
      evidence.attempts.push({ ...first, attempt: 2, endedMs: first.endedMs + 1 });
    },
  ],
  [
    'an attempt was taken over before its lease was over',
    ['I9'],
    (evidence) => {
      const last = attempt(evidence, 'shop a', 'points.grant');
      Object.assign(last, { outcome: 'unknown', leaseEndsMs: last.endedMs + 1 });
    },
  ],
  [
    'a rate is exceeded',
    ['I10'],
    (evidence) => {
      evidence.operations[1].ratePerSecond = 1;
      for (const row of evidence.attempts)
        if (row.operation === 'coupons.issue')
          Object.assign(row, { startedMs: 1_000_000, endedMs: 1_000_005 });
      for (const row of evidence.effects) if (row.event === 'shop e') row.atMs = 2_000_000;
      stored(evidence, 'shop e').deliverAtMs = null;
      evidence.publishes[4].deliverAtMs = null;
    },
  ],
  [
    'something is still in flight',
    ['I1', 'I11'],
    (evidence) =>
      Object.assign(execution(evidence, 'shop f', 'points.grant'), {
        state: 'in_flight',
        homes: ['in_flight'],
      }),
  ],
  ['a position is behind the end of the log', ['I11'], (evidence) => (evidence.partitions[0].stored = 5)],
  [
    'a record is in quarantine that nobody spoilt',
    ['I12'],
    (evidence) => evidence.quarantined.push({ fault: 'no_id', event: null }),
  ],
  [
    'a record with other content is not in quarantine',
    ['I12'],
    (evidence) =>
      evidence.publishes.push({
        ...evidence.publishes[5],
        content: 'other',
        invokedOrder: 30,
        answeredOrder: 31,
      }),
  ],
  ['a process takes too much memory', ['I13'], (evidence) => (evidence.resources[0].rssMb = 300)],
  ['a process holds too many connections', ['I13'], (evidence) => (evidence.resources[0].connections = 11)],
  [
    'an execution has neither a home nor an end',
    ['I14'],
    (evidence) => (execution(evidence, 'shop f', 'points.grant').state = null),
  ],
  [
    'an ended execution has a home',
    ['I11', 'I14'],
    (evidence) => (execution(evidence, 'shop f', 'points.grant').homes = ['due']),
  ],
  ['reconcile finds a fault', ['I14'], (evidence) => evidence.reconcileFaults.push('a lane without a head')],
];
