import { setTimeout as pause } from 'node:timers/promises';
import colours from 'picocolors';
import type {
  EventControl,
  EventPublisher,
  EventReference,
  EventStatus,
  ExecutionState,
} from '@bus/contracts';
import { Timeline, statusTable } from './print-timeline';
import { newOrder, publishCreated, publishPaid, publishTimeout, type DemoOrder } from './publish-demo';
import type { Effects } from './read-effects';

const LOOK_EVERY_MS = 50;
/** Of each wait. The longest one holds a retry that waits for its time. */
const DEADLINE_MS = 60_000;

/** What the story is told with. */
export interface Stage {
  publisher: EventPublisher;
  control: EventControl;
  /** Ends the coupons service by SIGTERM. */
  stopCoupons(): Promise<void>;
  /** Resolves when it is ready again. */
  startCoupons(): Promise<void>;
  readEffects(order: DemoOrder): Promise<Effects>;
  print(line: string): void;
  signal: AbortSignal;
}

type Expected = Record<string, ExecutionState>;

/** Tells one order's story on the running bus, as a printed timeline: placed, paid while a service is down,
 *  finished when it is back.
 *  @throws Error that names what did not come true */
export async function tellStory(stage: Stage): Promise<void> {
  const order = newOrder();
  stage.print('');
  stage.print(colours.bold(`The story of order ${order.orderId}, as it happens`));
  const timeline = new Timeline(stage.print);
  await place(stage, timeline, order);
  await payWhileCouponsIsDown(stage, timeline, order);
  await bringCouponsBack(stage, timeline, order);
  await sumUp(stage, timeline, order);
}

async function place(stage: Stage, timeline: Timeline, order: DemoOrder): Promise<void> {
  timeline.chapter('1  A customer places an order');
  await timed(timeline, 'orders', 'publishes order.created', () => publishCreated(stage.publisher, order));
  await timed(
    timeline,
    'orders',
    'publishes order.payment-timeout',
    () => publishTimeout(stage.publisher, order),
    'due in 30 minutes, if nobody pays; ',
  );
  const created = await seen(stage, order.created, (status) => status.event.storedAt !== null);
  if (!created.event.unrouted) throw new Error('order.created has operations; the story knows of none');
  timeline.tell('bus', 'stores order.created', 'no operation is configured for it: unrouted');
  await states(stage, timeline, order.timeout, { 'sms.remind-payment': 'scheduled' });
}

async function payWhileCouponsIsDown(stage: Stage, timeline: Timeline, order: DemoOrder): Promise<void> {
  timeline.chapter('2  The coupons service goes down');
  await stage.stopCoupons();
  timeline.tell('demo', 'stopped coupons', 'its process has ended');
  timeline.chapter('3  The customer pays: one publish call');
  await timed(timeline, 'payments', 'publishes order.paid', () => publishPaid(stage.publisher, order));
  await states(stage, timeline, order.paid, {
    'points.grant': 'completed',
    'sms.send': 'completed',
    'bus.cancel-delayed': 'completed',
    'coupons.issue': 'retrying',
    'wechat.notify': 'waiting',
  });
  await states(stage, timeline, order.timeout, { 'sms.remind-payment': 'cancelled' });
  timeline.tell('bus', 'goes on', 'only the coupon and the WeChat message wait; all else is done');
}

async function bringCouponsBack(stage: Stage, timeline: Timeline, order: DemoOrder): Promise<void> {
  timeline.chapter('4  The coupons service is back');
  timeline.tell('demo', 'starts coupons');
  const ready = stage.startCoupons().then(() => timeline.tell('demo', 'coupons is ready'));
  await Promise.all([
    ready,
    states(stage, timeline, order.paid, { 'coupons.issue': 'completed', 'wechat.notify': 'completed' }),
  ]);
}

async function sumUp(stage: Stage, timeline: Timeline, order: DemoOrder): Promise<void> {
  timeline.chapter(`How it ended, for order ${order.orderId}`);
  const paid = await seen(stage, order.paid, () => true);
  const timeout = await seen(stage, order.timeout, () => true);
  const effects = await stage.readEffects(order);
  const effectOf: Record<string, string> = {
    'points.grant': `${effects.points.join(' + ')} points for ${order.userId}, who has ${effects.balance} now`,
    'coupons.issue': `coupon ${effects.coupons.join(', ')}`,
    'sms.send': `"${effects.texts.join('" "')}"`,
    'wechat.notify': `"${effects.wechatMessages.join('" "')}"`,
    'bus.cancel-delayed': `cancelled ${order.timeout.messageId}`,
    'sms.remind-payment': 'never ran: the order was paid in time',
  };
  const executions = [...paid.executions, ...timeout.executions];
  const rows = executions.map(({ operation, state, attempt }) => {
    return { operation, state, attempts: attempt, effect: effectOf[operation] ?? '' };
  });
  for (const line of statusTable(rows)) stage.print(line);
  const faults = faultsOf(effects);
  if (faults.length > 0) throw new Error(`The story did not come true: ${faults.join('; ')}`);
  stage.print('');
  stage.print(`  ${colours.green('✓')} Everything happened exactly once; coupons missed nothing.`);
}

/** What is not as it has to be after the story; none if all happened once. */
export function faultsOf(effects: Effects): string[] {
  const once = (what: string, found: readonly unknown[]) =>
    found.length === 1 ? [] : [`expected one ${what}, found ${found.length}`];
  return [
    ...once('ledger entry', effects.points),
    ...once('coupon', effects.coupons),
    ...once('text message', effects.texts),
    ...once('WeChat message', effects.wechatMessages),
    ...(effects.balance === 99 ? [] : [`expected a balance of 99 points, found ${effects.balance}`]),
    ...(effects.coupons.every((code) => effects.wechatMessages[0]?.includes(code))
      ? []
      : ['the WeChat message does not name the coupon']),
  ];
}

async function timed(
  timeline: Timeline,
  who: string,
  what: string,
  publish: () => Promise<unknown>,
  note = '',
): Promise<void> {
  const startedAt = performance.now();
  await publish();
  timeline.tell(who, what, `${note}accepted in ${(performance.now() - startedAt).toFixed(0)} ms`);
}

/** Waits until the named operations of an event are in these states, printing each change on the way. */
async function states(
  stage: Stage,
  timeline: Timeline,
  event: EventReference,
  expected: Expected,
): Promise<void> {
  const reached = (status: EventStatus) =>
    Object.entries(expected).every(([operation, state]) =>
      status.executions.some((execution) => execution.operation === operation && execution.state === state),
    );
  await seen(
    stage,
    event,
    (status) => {
      timeline.changes(status);
      return reached(status);
    },
    `to become ${listed(Object.entries(expected))}`,
  );
}

/** Asks for an event until the condition holds.
 *  @throws Error with the last state when the deadline has passed */
async function seen(
  stage: Stage,
  event: EventReference,
  holds: (status: EventStatus) => boolean,
  awaited = 'to be stored',
): Promise<EventStatus> {
  const deadline = performance.now() + DEADLINE_MS;
  let last: EventStatus | null = null;
  while (performance.now() < deadline) {
    stage.signal.throwIfAborted();
    last = await stage.control.getEvent(event);
    if (last && holds(last)) return last;
    await pause(LOOK_EVERY_MS);
  }
  const now = last
    ? listed(last.executions.map(({ operation, state }) => [operation, state]))
    : 'unknown to the bus';
  throw new Error(
    `The story did not come true: ${event.messageId} was ${awaited} within ${DEADLINE_MS / 1000} s; it is: ${now || 'without operations'}`,
  );
}

function listed(states: readonly (readonly [string, string])[]): string {
  return states.map(([operation, state]) => `${operation} ${state}`).join(', ');
}
