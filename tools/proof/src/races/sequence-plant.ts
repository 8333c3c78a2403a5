import { createPublisher, createSubscriber, ensureLog, type BrokerPublisher } from '@bus/broker';
import { RecordingReceiver, textRecord } from '@bus/broker/testing';
import { createTestDatabase } from '@bus/embedded-postgres';
import { createStorePool, type StorePool } from '@bus/store';
import { untilWaiting } from '@bus/store/testing';
import { Client, type QueryConfig, type QueryResult } from 'pg';
import type { Violation } from '../layer';
import { BendMissedError } from './bend';

/** The statement for a single record: each publish here is one. */
const APPEND = 'bus_broker_append_one';
const COUNTED = /base as \(\s*update bus_broker\.partition set next_offset = [\s\S]*? as at\),/;
const FROM_SEQUENCE = `base as (
  select $1::integer as partition, nextval('bus_broker.plant_offset') as "offset", clock_timestamp() as at),`;

/**
 * Two publishers append to one partition, and the first is slow to commit, while a subscriber reads. With offsets taken
 * under the partition's lock the second waits; from a sequence it goes by, and so does the reader.
 * @param options.sow whether offsets come from a sequence; else the product runs as it is
 */
export async function offsetsFromSequence(options: {
  sow: boolean;
}): Promise<{ caught: boolean; violations: Violation[] }> {
  const database = await createTestDatabase('sequence');
  const broker = { broker: 'postgres', databaseUrl: database.url, partitions: 1 } as const;
  const watch = createStorePool({
    connectionString: database.url,
    applicationName: 'race-look',
    poolSize: 2,
  });
  const first = createPublisher(broker);
  const second = createPublisher(broker);
  const subscriber = createSubscriber(broker);
  const receiver = new RecordingReceiver();
  try {
    await ensureLog(broker);
    await watch.query('create sequence bus_broker.plant_offset minvalue 0 start 0');
    await Promise.all([first.start(), second.start(), subscriber.start(receiver)]);
    const lost = await raceAppends({ first, second, receiver, watch }, database.url, options.sow);
    const violations = lost.map((text) => ({
      rule: 'I1',
      detail: `record '${text}' was accepted, and no reader will ever get it`,
      repeat: 'plant: trap 6',
    }));
    return { caught: violations.length > 0, violations };
  } finally {
    await Promise.all([first.stop(), second.stop(), subscriber.stop()]);
    await watch.end();
    await database.drop();
  }
}

/** @returns accepted records that the reader has passed by */
async function raceAppends(
  parts: { first: BrokerPublisher; second: BrokerPublisher; receiver: RecordingReceiver; watch: StorePool },
  url: string,
  sow: boolean,
): Promise<string[]> {
  const { first, second, receiver, watch } = parts;
  const seen = (text: string) => receiver.store.values().includes(text);
  const gate = bendAppends(new URL(url).pathname.slice(1), sow);
  try {
    const accepted: string[] = [];
    const publish = async (publisher: BrokerPublisher, text: string) => {
      const [result] = await publisher.publish([textRecord('key', text)]);
      if (result.outcome !== 'accepted')
        throw new Error(`${text} is ${result.outcome}`, { cause: result.cause });
      accepted.push(text);
    };
    const slow = publish(first, 'slow');
    await gate.appended;
    const quick = publish(second, 'quick');
    await Promise.race([
      untilWaiting(watch, 1),
      quick.then(() => receiver.until('the quick record is read', () => seen('quick'))),
    ]);
    gate.commit();
    await Promise.all([slow, quick]);
    await publish(second, 'last');
    await receiver.until('the last record is read', () => seen('last'));
    return accepted.filter((text) => !seen(text));
  } finally {
    gate.restore();
  }
}

/** Opens up the first append into this database, and waits with its commit; bends all of them where `sow`. */
function bendAppends(database: string, sow: boolean) {
  type Query = (this: Client & { database: string }, query: QueryConfig) => Promise<QueryResult>;
  const send = Client.prototype.query as unknown as Query;
  let tellAppended = (): void => undefined;
  let commit = (): void => undefined;
  const appended = new Promise<void>((tell) => (tellAppended = tell));
  const committing = new Promise<void>((go) => (commit = go));
  let appends = 0;
  const bent: Query = async function append(query) {
    const text = sow ? fromSequence(query.text) : query.text;
    const config = { ...query, name: `${APPEND}~bent`, text };
    appends += 1;
    if (appends > 1) return send.call(this, config);
    await send.call(this, { text: 'begin' });
    const answer = await send.call(this, config);
    tellAppended();
    await committing;
    await send.call(this, { text: 'commit' });
    return answer;
  };
  Client.prototype.query = function query(this: Client & { database: string }, ...args: unknown[]) {
    const [config] = args as [QueryConfig];
    if (config?.name === APPEND && this.database === database) return bent.call(this, config);
    return (send as (...all: unknown[]) => unknown).apply(this, args);
  } as typeof Client.prototype.query;
  const restore = () => {
    commit();
    Client.prototype.query = send as unknown as typeof Client.prototype.query;
  };
  return { appended, commit, restore };
}

function fromSequence(text: string): string {
  if (!COUNTED.test(text)) throw new BendMissedError(`'${APPEND}' does not count under the partition's lock`);
  return text.replace(COUNTED, FROM_SEQUENCE);
}
