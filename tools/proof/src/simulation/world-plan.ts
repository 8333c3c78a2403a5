import { OPERATION_DEFAULTS, type OperationSettings, type OperationState } from '@bus/contracts';
import type { RecordFault } from '@bus/domain';
import type { SeededRandom } from '../random';
import { planCalls, type CallFaults } from './call-faults';
import { planFaults, type PlannedFault } from './planned-faults';

export interface PlannedEvent {
  source: string;
  messageId: string;
  type: string;
  key: string | null;
  payload: string;
  /** From its publish; `null`: at once. */
  deliverInMs: number | null;
}

export interface PlannedPublish {
  atMs: number;
  publisher: number;
  event: PlannedEvent;
  /** Calls of publish that are made although the one before was accepted. */
  copies: number;
  /** Same id, other content: published behind the first one. */
  conflicting: string | null;
}

/** What operators do with what has ended or waits. */
export type RepairKind = 'replay' | 'force' | 'skip' | 'unblock' | 'route';

/** What people do, beside publishing. `undecodable` is a foreign writer's record. */
export type PlannedAction = { atMs: number } & (
  | { kind: 'cancel'; event: PlannedEvent; times: number }
  | { kind: 'reschedule'; event: PlannedEvent; inMs: number }
  | { kind: 'state'; operation: string; state: OperationState }
  | { kind: 'activate'; eventType: string; operations: OperationSettings[] }
  | { kind: 'undecodable'; fault: RecordFault }
  | { kind: RepairKind; pick: number }
);

/** Everything that happens in a world, drawn from its seed before it begins. */
export interface WorldPlan {
  partitions: number;
  /** Until then there are faults; then it heals. */
  faultsUntilMs: number;
  /** How many faults: 0 (none) to 2. */
  intensity: number;
  /** Of the graphs that are active at the start. */
  operations: OperationSettings[];
  publishes: PlannedPublish[];
  actions: PlannedAction[];
  faults: PlannedFault[];
  calls: CallFaults;
  /** Shares of transactions whose connection is lost before, and after, the commit. */
  commitLost: { before: number; after: number };
  /** Operations that stay paused at the end. */
  leftPaused: string[];
}

export const MAIN_TYPE = 'order.paid';
export const LATE_TYPE = 'order.payment-timeout';
export const UNROUTED_TYPE = 'order.created';
export const SERVICES = ['points', 'coupons', 'sms', 'wechat'] as const;
const OPERATIONS = ['points.grant', 'coupons.issue', 'sms.send', 'wechat.notify', 'points.audit'];
const KEYS = ['user-1', 'user-2', 'user-3', 'user-4'];
const UNDECODABLE: RecordFault[] = [
  'null_value',
  'empty_value',
  'not_json',
  'bad_utf8',
  'unknown_specversion',
  'bad_attribute',
];
/** A mapping whose result is the payload itself: effects stay comparable. */
const SAME_CONTENT = '{"orderId": payload.orderId, "amountCents": payload.amountCents}';
/** Beyond 2³¹−1 ms, where timers overflow. */
const FAR_AHEAD_MS = 30 * 24 * 3_600_000;

export function planWorld(random: SeededRandom): WorldPlan {
  const intensity = random.pick([0, 0.3, 0.6, 1, 1, 1.5, 2]);
  const faultsUntilMs = random.between(12_000, 40_000);
  const operations = planOperations(random.fork('operations'));
  const publishes = planPublishes(random.fork('publishes'), faultsUntilMs);
  const plan: WorldPlan = {
    partitions: random.between(1, 3),
    faultsUntilMs,
    intensity,
    operations,
    publishes,
    actions: planActions(random.fork('actions'), faultsUntilMs, operations, publishes),
    faults: planFaults(random.fork('faults'), faultsUntilMs, intensity),
    calls: planCalls(random.fork('calls'), intensity),
    commitLost: { before: 0.012 * intensity, after: 0.012 * intensity },
    leftPaused: random.chance(0.12) ? [random.pick(operations).name] : [],
  };
  return plan;
}

function planOperations(random: SeededRandom): OperationSettings[] {
  const names = random.shuffled(OPERATIONS).slice(0, random.between(3, 5));
  const operations = names.map((name, index) =>
    planOperation(random, name, MAIN_TYPE, names.slice(0, index)),
  );
  operations.push(planOperation(random, 'sms.remind', LATE_TYPE, []));
  return operations;
}

/** Some operations stay, some go, some come. */
function planNewVersion(random: SeededRandom): OperationSettings[] {
  return planOperations(random).filter(({ eventType }) => eventType === MAIN_TYPE);
}

function planOperation(
  random: SeededRandom,
  name: string,
  eventType: string,
  earlier: readonly string[],
): OperationSettings {
  const dependsOn = earlier.filter(() => random.chance(0.35)).slice(0, 2);
  return {
    ...OPERATION_DEFAULTS,
    name,
    eventType,
    endpoint: `tcp://127.0.0.1:${4101 + SERVICES.findIndex((service) => name.startsWith(service))}`,
    timeoutMs: random.pick([1000, 2000, 5000]),
    concurrency: random.pick([1, 2, 4, 64]),
    ratePerSecond: random.chance(0.15) ? random.pick([1, 2, 5]) : null,
    ordered: random.chance(0.45),
    dependsOn,
    onDependencyDead: random.pick(['block', 'skip', 'run']),
    onDead: random.pick(['block', 'skip']),
    retry: {
      maxAttempts: random.pick([null, null, 2, 3, 5]),
      maxAgeMs: random.chance(0.1) ? 20_000 : OPERATION_DEFAULTS.retry.maxAgeMs,
      backoffMs: random.pick([100, 500, 1000]),
      backoffCapMs: random.pick([1000, 2000, 5000]),
    },
    effect: random.chance(0.15) ? 'at_most_once' : 'at_least_once',
    filter: random.chance(0.2) ? 'payload.amountCents >= 5000' : null,
    mapping: random.chance(0.1) ? SAME_CONTENT : null,
    delayMs: random.chance(0.12) ? random.pick([500, 3000, 8000]) : 0,
  };
}

function planPublishes(random: SeededRandom, untilMs: number): PlannedPublish[] {
  const count = random.between(12, 24);
  // Some before the consumers have started: the log is not empty when it is read for the first time.
  const planned = Array.from({ length: count }, (_, index): PlannedPublish => {
    const atMs = random.chance(0.25) ? random.int(60) : random.int(untilMs * 0.8);
    const event = planEvent(random, index);
    const copies = random.chance(0.2) ? random.between(1, 4) : 0;
    const conflicting = random.chance(0.02)
      ? JSON.stringify({ orderId: `order-${index}`, amountCents: 1 })
      : null;
    return { atMs, publisher: random.int(2), event, copies, conflicting };
  });
  return planned.sort((one, other) => one.atMs - other.atMs);
}

function planEvent(random: SeededRandom, index: number): PlannedEvent {
  const type = random.chance(0.78) ? MAIN_TYPE : random.chance(0.85) ? LATE_TYPE : UNROUTED_TYPE;
  const isLate = random.chance(type === LATE_TYPE ? 0.7 : 0.1);
  const key = random.chance(0.8) ? random.pick(KEYS) : null;
  const payload = JSON.stringify({ orderId: `order-${index}`, amountCents: random.pick([1000, 9900]) });
  const deliverInMs = random.chance(0.05) ? FAR_AHEAD_MS : random.pick([300, 2000, 6000, 15_000]);
  const source = random.pick(['orders', 'payments']);
  return { source, messageId: `m-${index}`, type, key, payload, deliverInMs: isLate ? deliverInMs : null };
}

function planActions(
  random: SeededRandom,
  untilMs: number,
  operations: readonly OperationSettings[],
  publishes: readonly PlannedPublish[],
): PlannedAction[] {
  const actions: PlannedAction[] = [];
  for (const { atMs: publishedMs, event } of publishes) {
    const isLate = event.deliverInMs !== null;
    // Around its publish (before arrival, too) or around its time.
    const aroundMs = publishedMs + (isLate && random.chance(0.6) ? (event.deliverInMs ?? 0) : 0);
    const atMs = Math.max(0, Math.min(untilMs, aroundMs + random.between(-60, 120)));
    if (random.chance(isLate ? 0.35 : 0.06))
      actions.push({ atMs, kind: 'cancel', event, times: random.between(1, 2) });
    if (random.chance(isLate ? 0.25 : 0.03))
      actions.push({
        atMs: Math.max(0, atMs - random.int(50)),
        kind: 'reschedule',
        event,
        inMs: random.pick([0, 1000, 7000]),
      });
  }
  const at = () => random.int(untilMs);
  for (let n = random.int(3); n > 0; n--) {
    const operation = random.pick(operations).name;
    const atMs = at();
    actions.push({ atMs, kind: 'state', operation, state: random.chance(0.75) ? 'paused' : 'disabled' });
    actions.push({ atMs: atMs + random.between(50, 9000), kind: 'state', operation, state: 'active' });
  }
  if (random.chance(0.3))
    actions.push({
      atMs: at(),
      kind: 'activate',
      eventType: MAIN_TYPE,
      operations: planNewVersion(random),
    });
  if (random.chance(0.1))
    actions.push({
      atMs: at(),
      kind: 'activate',
      eventType: UNROUTED_TYPE,
      operations: [planOperation(random, 'wechat.welcome', UNROUTED_TYPE, [])],
    });
  for (let n = random.chance(0.3) ? random.between(1, 3) : 0; n > 0; n--)
    actions.push({ atMs: at(), kind: 'undecodable', fault: random.pick(UNDECODABLE) });
  for (let n = random.chance(0.4) ? random.between(1, 6) : 0; n > 0; n--)
    actions.push({
      atMs: at(),
      kind: random.pick(['replay', 'replay', 'force', 'skip', 'unblock', 'route']),
      pick: random.next(),
    });
  return actions.sort((one, other) => one.atMs - other.atMs);
}
