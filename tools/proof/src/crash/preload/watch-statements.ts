import type { Client, QueryResult } from 'pg';
import type { CrashPointName } from '../crash-points';
import type { CrashTrigger } from './crash-order';
import { belongsTo, isWorkOf, PARTS, type Answer, type Part, type Statement } from './statement-rules';

type Send = (this: Client, ...args: unknown[]) => Promise<QueryResult>;
type Callback = (error: unknown, result?: QueryResult) => void;

/** Of one connection. */
interface Transaction {
  isOpen: boolean;
  /** Work of the part that the order is about was done in it. */
  hasWork: boolean;
}

/** The statements by which the Postgres broker's publisher sends: of many records, of one. */
const APPEND = 'bus_broker_append';
/** By it a consumer notes which dead letters the mirror's topic has. */
const MIRRORED = 'mirror.sent';
/** What a replica asks the store while it is idle, and the parts that replicas race for after it. */
const PULSE = 'bus-pulse';
const RACED: readonly Part[] = ['claim', 'sweep'];
/** The least time between two pulses. */
const HURRY_MS = 50;

/**
 * Finds the points around commits, and those of the Postgres broker's publisher, at the driver. A statement that
 * commits by itself is put into a transaction of its own where the point lies before its commit.
 */
export function watchStatements(client: typeof Client, trigger: CrashTrigger): void {
  const part = PARTS.find((one) => trigger.order.point.startsWith(`${one}.`)) ?? null;
  const prototype = client.prototype as unknown as { query: Send };
  const send = prototype.query;
  const transactions = new WeakMap<Client, Transaction>();
  prototype.query = function watched(this: Client, ...args: unknown[]): Promise<QueryResult> {
    const call = readCall(args);
    if (!call) return send.apply(this, args);
    let transaction = transactions.get(this);
    if (!transaction) transactions.set(this, (transaction = { isOpen: false, hasWork: false }));
    const alone = (text: string) => send.call(this, text);
    const answer = run(trigger, part, call.statement, transaction, {
      send: () => send.apply(this, call.args),
      alone,
    });
    const { callback } = call;
    if (!callback) return answer;
    answer.then(
      (result) => callback(null, result),
      (error: unknown) => callback(error),
    );
    return undefined as unknown as Promise<QueryResult>;
  };
}

interface Wire {
  /** Sends the statement itself. */
  send(): Promise<QueryResult>;
  /** Sends another one on the same connection. */
  alone(text: string): Promise<QueryResult>;
}

async function run(
  trigger: CrashTrigger,
  part: Part | null,
  statement: Statement,
  transaction: Transaction,
  wire: Wire,
): Promise<QueryResult> {
  if (statement.name?.startsWith(APPEND)) return append(trigger, wire);
  if (statement.name === MIRRORED && (statement.values[0] as unknown[]).length > 0)
    trigger.reached('mirror.after-send');
  const word = firstWords(statement.text);
  if (word === 'begin' || word === 'start transaction')
    Object.assign(transaction, { isOpen: true, hasWork: false });
  if (word === 'rollback') Object.assign(transaction, { isOpen: false, hasWork: false });
  if (part === null) return wire.send();
  if (word === 'commit') return commit(trigger, part, transaction, () => wire.send());
  if (statement.name === PULSE && RACED.includes(part)) return hurry(wire);
  if (!belongsTo(part, statement)) return wire.send();
  if (!transaction.isOpen) return runByItself(trigger, part, statement, wire);
  const result = await wire.send();
  if (isWorkOf(part, statement, result as Answer)) transaction.hasWork = true;
  return result;
}

/** The armed replica asks again and again, as if something were due soon: so it is mostly the first to find work. */
async function hurry(wire: Wire): Promise<QueryResult> {
  const result = await wire.send();
  const pulse = result.rows.at(0) as { nextDueInMs: number | null } | undefined;
  if (pulse) pulse.nextDueInMs = Math.min(pulse.nextDueInMs ?? HURRY_MS, HURRY_MS);
  return result;
}

async function append(trigger: CrashTrigger, wire: Wire): Promise<QueryResult> {
  trigger.reached('publish.before-send');
  const answer = wire.send();
  // The driver has written it by now: the publisher's connection has nothing else under way.
  trigger.reached('publish.after-send');
  return answer;
}

async function commit(
  trigger: CrashTrigger,
  part: Part,
  transaction: Transaction,
  send: () => Promise<QueryResult>,
): Promise<QueryResult> {
  const { hasWork } = transaction;
  Object.assign(transaction, { isOpen: false, hasWork: false });
  if (hasWork) trigger.reached(pointOf(part, 'before-commit'));
  const result = await send();
  if (hasWork) trigger.reached(pointOf(part, 'after-commit'));
  return result;
}

async function runByItself(
  trigger: CrashTrigger,
  part: Part,
  statement: Statement,
  wire: Wire,
): Promise<QueryResult> {
  if (!trigger.waitsFor(pointOf(part, 'before-commit'))) {
    const result = await wire.send();
    if (isWorkOf(part, statement, result as Answer)) trigger.reached(pointOf(part, 'after-commit'));
    return result;
  }
  await wire.alone('begin');
  let result: QueryResult;
  try {
    result = await wire.send();
  } catch (error) {
    await wire.alone('rollback').catch(() => undefined); // a connection that is gone has rolled back by itself
    throw error;
  }
  if (isWorkOf(part, statement, result as Answer)) trigger.reached(pointOf(part, 'before-commit'));
  await wire.alone('commit');
  return result;
}

const pointOf = (part: Part, place: string) => `${part}.${place}` as CrashPointName;

/** `rollback to` a savepoint ends no transaction. */
function firstWords(text: string): string {
  const words = /^\s*(start\s+transaction|rollback\s+to|\w+)/i.exec(text)?.[1] ?? '';
  return words.toLowerCase().replace(/\s+/, ' ');
}

/** @returns `null`: a cursor or the like, which goes through as it is */
function readCall(args: unknown[]): { statement: Statement; args: unknown[]; callback?: Callback } | null {
  const callback = args.find((arg): arg is Callback => typeof arg === 'function');
  const [first, second] = args.filter((arg) => arg !== callback);
  if (typeof first === 'string') {
    return { statement: { name: '', text: first, values: asList(second) }, args: [first, second], callback };
  }
  const config = first as { name?: string; text?: string; values?: unknown[]; submit?: unknown } | null;
  if (!config || typeof config.submit === 'function') return null;
  return {
    statement: {
      name: config.name ?? '',
      text: config.text ?? '',
      values: asList(second ?? config.values),
    },
    args: second === undefined ? [first] : [first, second],
    callback,
  };
}

const asList = (values: unknown): readonly unknown[] => (Array.isArray(values) ? (values as unknown[]) : []);
