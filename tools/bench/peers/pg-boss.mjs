// pg-boss: one row per operation in PostgreSQL, kept when it is done, with the handler's output as the result.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { OPERATIONS, needed, noop, servePeer } from './peer.mjs';

const POLL_SECONDS = 0.5; // the least that it accepts
/** Occurs in one statement only: the one that completes rows, each with its output. */
const COMPLETES = 'output = i.output';

await servePeer({ tuned: { workersPerQueue: 2, batchSize: 250, producers: 10 } }, open);

async function open({ workersPerQueue, batchSize, producers }, { results, fail }) {
  const connectionString = needed('DATABASE_URL');
  const boss = new PgBoss({ connectionString, useListenNotify: true });
  const pool = new pg.Pool({ connectionString, max: producers });
  boss.on('error', fail);
  pool.on('error', fail);
  await boss.start();
  const db = boss.getDb();
  const messageIds = new Map();
  onCompleted(db, (queue, id) => {
    results.recorded(messageIds.get(id), queue);
    messageIds.delete(id);
  });
  for (const queue of OPERATIONS) {
    await boss.createQueue(queue, { notify: true });
    const options = {
      localConcurrency: workersPerQueue,
      batchSize,
      pollingIntervalSeconds: POLL_SECONDS,
      notifyPollingIntervalSeconds: POLL_SECONDS,
      burstWhenBatchFull: true,
      perJobResults: true,
    };
    await boss.work(queue, options, (jobs) =>
      Promise.all(
        jobs.map(async ({ id, data }) => {
          messageIds.set(id, data.messageId);
          return { id, status: 'completed', output: await noop(data) };
        }),
      ),
    );
  }

  return {
    settings: {
      workers: `${workersPerQueue} per queue, ${OPERATIONS.length} queues`,
      batchSize: String(batchSize),
      poll: `${POLL_SECONDS} s`,
      burstWhenBatchFull: 'true',
      perJobResults: 'true',
      useListenNotify: 'true, with notify on each queue',
      enqueue: 'insert, one call per batch and queue, with id; the four in one transaction',
      result: "the handler's output, kept in its row",
    },
    packages: ['pg-boss', 'pg'],
    enqueue,
    async countResults() {
      const { rows } = await db.executeSql(
        "select count(*) as number from pgboss.job where state = 'completed' and output is not null",
      );
      return Number(rows[0].number);
    },
    async close() {
      await boss.stop();
      await pool.end();
    },
  };

  /** All four or none: one commit and one wake-up instead of four. A pool of their own, so that they do not stand in
   *  the workers' way. */
  async function enqueue(events) {
    const client = await pool.connect();
    const db = { executeSql: (text, values) => client.query(text, values) };
    await client.query('begin');
    for (const queue of OPERATIONS) {
      const rows = events.map((event) => ({ id: idOf(`${event.messageId}:${queue}`), data: event }));
      await boss.insert(queue, rows, { db });
    }
    await client.query('commit');
    client.release();
  }
}

/** It has no event for "completed and committed", so the statement that does it is watched for its return. */
function onCompleted(db, completed) {
  const executeSql = db.executeSql.bind(db);
  db.executeSql = async (text, values, options) => {
    const result = await executeSql(text, values, options);
    if (text.includes(COMPLETES)) for (const id of result.rows[0].ids) completed(values[0], id);
    return result;
  };
}

/** The same UUID for the same text: a repeated event is a repeated id. */
function idOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
