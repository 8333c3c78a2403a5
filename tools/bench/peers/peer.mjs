// What all competitors share: the event, the wait for its results, and the messages of the benchmark.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

export const OPERATIONS = ['noop-1', 'noop-2', 'noop-3', 'noop-4'];
const KEYS = 1000;

/** The handler of every operation of every peer: takes the event, does nothing, says how it went. */
export async function noop() {
  return { outcome: 0 };
}

/** The n-th event: about 450 bytes as JSON, the same for everybody but for its id and time. */
export function eventOf(n) {
  const user = `user-${n % KEYS}`;
  return {
    eventId: randomUUID(),
    messageId: `order-${n}`,
    type: 'order.paid',
    key: user,
    occurredAt: new Date().toISOString(),
    payload: {
      orderId: `order-${n}`,
      userId: user,
      amountCents: 12_990,
      currency: 'EUR',
      items: [
        { sku: 'TEA-ASSAM-250', quantity: 2, priceCents: 1_290 },
        { sku: 'POT-CAST-IRON', quantity: 1, priceCents: 8_900 },
      ],
      notes: 'Please leave it with the neighbour on the second floor if nobody opens.',
    },
  };
}

/** A setting that the benchmark gives in the environment.
 *  @throws Error if it is missing */
export function needed(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** One row per result, for the peers that keep none themselves. */
export const RESULT_TABLE = `
  create table result (
    message_id text,
    operation text,
    outcome smallint,
    ended_at timestamptz default clock_timestamp(),
    primary key (message_id, operation)
  )`;

/** Inserts one result. Prepared by name: parsed and planned once per connection. */
export function insertResult(messageId, operation, outcome) {
  return {
    name: 'insert-result',
    text: 'insert into result (message_id, operation, outcome) values ($1, $2, $3)',
    values: [messageId, operation, outcome],
  };
}

/** Tells when all four results of an event are stored. */
export class Results {
  #waiting = new Map();

  /** @param whenAll called once, in the moment in which the last of the event's results is reported */
  expect(messageId, whenAll) {
    this.#waiting.set(messageId, { missing: new Set(OPERATIONS), whenAll });
  }

  /** To be called when a result is stored for good, and not before. A second time changes nothing. */
  recorded(messageId, operation) {
    const event = this.#waiting.get(messageId);
    if (!event?.missing.delete(operation) || event.missing.size > 0) return;
    this.#waiting.delete(messageId);
    event.whenAll();
  }
}

/** Serves the benchmark's messages until it says stop or goes away.
 *  @param variants the settings of each variant by its name; the process's first argument is one of them
 *  @param open makes schema, queues and workers; gives
 *    `settings` (texts by name), `packages` (whose versions are told), `enqueue(events)`, `countResults()`
 *    (all that are stored), `close()`; where needed `settled()` (waits until the peer's own books are closed too) and
 *    `keepsNoResult` */
export async function servePeer(variants, open) {
  if (!process.send) throw new Error('started by the benchmark only, with a channel for its messages');
  process.on('disconnect', () => process.exit(1));
  process.on('uncaughtException', fail);
  const variant = variants[process.argv[2]];
  if (!variant)
    throw new Error(`no variant ${process.argv[2]}: there is ${Object.keys(variants).join(', ')}`);
  const results = new Results();
  const peer = await open(variant, { results, fail });
  process.on('message', (message) => {
    answer(peer, results, message).then((reply) => process.send(reply), fail);
  });
  process.send({ kind: 'ready', settings: peer.settings, versions: versionsOf(peer.packages) });
}

/** Tells the benchmark and ends the process: a figure that comes after an error is worth nothing. */
function fail(error) {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (!process.connected) process.exit(1);
  process.send({ kind: 'failed', message }, () => process.exit(1));
}

async function answer(peer, results, message) {
  switch (message.kind) {
    case 'drain':
      return drain(peer, results, message);
    case 'steady':
      return steady(peer, results, message);
    case 'stop':
      await peer.close();
      return process.exit(0);
    default:
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
}

/** Batch by batch, as fast as they are taken, while the workers run. */
async function drain(peer, results, { events: count, batch, firstId }) {
  const events = Array.from({ length: count }, (_, at) => eventOf(firstId + at));
  const before = await peer.countResults();
  const startedAt = performance.now();
  const allRecorded = new Promise((done) => {
    let left = count;
    for (const { messageId } of events) results.expect(messageId, () => --left === 0 && done());
  });
  for (let at = 0; at < count; at += batch) await peer.enqueue(events.slice(at, at + batch));
  await allRecorded;
  await peer.settled?.();
  const ms = performance.now() - startedAt;
  return { kind: 'drained', ms, results: (await peer.countResults()) - before };
}

/** Open loop: each event goes at its instant, whether the ones before it have ended or not; late ones catch up, and
 *  their lateness counts. */
async function steady(peer, results, { perSecond, seconds, firstId }) {
  if (peer.keepsNoResult) throw new Error('this variant keeps no result whose storing could be timed');
  const count = Math.round(perSecond * seconds);
  const gapMs = 1000 / perSecond;
  const latenciesMs = new Array(count);
  const startAt = performance.now() + gapMs;
  await new Promise((done, failed) => {
    let sent = 0;
    let left = count;
    const send = (at, dueAt) => {
      const event = eventOf(firstId + at);
      results.expect(event.messageId, () => {
        latenciesMs[at] = performance.now() - dueAt;
        if (--left === 0) done();
      });
      peer.enqueue([event]).catch(failed);
    };
    const sendDue = () => {
      for (; sent < count && startAt + sent * gapMs <= performance.now(); sent++)
        send(sent, startAt + sent * gapMs);
      if (sent < count) setTimeout(sendDue, startAt + sent * gapMs - performance.now());
    };
    sendDue();
  });
  await peer.settled?.();
  return { kind: 'steadied', latenciesMs };
}

function versionsOf(packages) {
  const versions = packages.map((name) => {
    const manifest = new URL(`node_modules/${name}/package.json`, import.meta.url);
    return [name, JSON.parse(readFileSync(manifest, 'utf8')).version];
  });
  return { node: process.versions.node, ...Object.fromEntries(versions) };
}
