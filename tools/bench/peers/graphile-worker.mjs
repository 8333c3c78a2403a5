// graphile-worker: one row per operation in PostgreSQL, deleted when it is done; results in a table of their own.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { OPERATIONS, RESULT_TABLE, insertResult, needed, noop, servePeer } from './peer.mjs';

const CONCURRENCY = { concurrentJobs: 24, maxPoolSize: 25 };
const BATCHING = { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
/** Between two looks at whether the last rows are deleted. */
const LOOK_AGAIN_MS = 1;

await servePeer(
  {
    default: { worker: CONCURRENCY, keepsResults: true },
    tuned: { worker: { ...CONCURRENCY, ...BATCHING }, keepsResults: true },
    'no-result': { worker: { ...CONCURRENCY, ...BATCHING }, keepsResults: false },
  },
  open,
);

async function open({ worker, keepsResults }, { results, fail }) {
  const connectionString = needed('DATABASE_URL');
  const own = new pg.Pool({ connectionString, max: 1 });
  await own.query(RESULT_TABLE);
  const number = async (sql) => Number((await own.query(sql)).rows[0].number);
  let ended = 0;

  /** With results, one is stored when its insert has returned; without, when the row is gone, see settled(). */
  const operation =
    (name) =>
    async (event, { withPgClient }) => {
      const { outcome } = await noop(event);
      if (keepsResults)
        await withPgClient((client) => client.query(insertResult(event.messageId, name, outcome)));
      ended++;
      results.recorded(event.messageId, name);
    };
  const shared = { connectionString, logger: quietLogger() };
  const runner = await run({
    preset: { worker: { ...shared, ...worker } },
    taskList: Object.fromEntries(OPERATIONS.map((name) => [name, operation(name)])),
    parsedCronItems: [],
    noHandleSignals: true,
  });
  runner.promise.catch(fail);
  for (const event of ['job:error', 'pool:fatalError', 'worker:fatalError'])
    runner.events.on(event, ({ error }) => fail(error));
  const producer = await makeWorkerUtils({ preset: { worker: { ...shared, maxPoolSize: 10 } } });

  return {
    settings: settingsOf(worker, keepsResults),
    packages: ['graphile-worker', 'pg'],
    keepsNoResult: !keepsResults,
    enqueue: (events) =>
      producer.addJobs(
        events.flatMap((event) =>
          OPERATIONS.map((name) => ({
            identifier: name,
            payload: event,
            jobKey: `${event.messageId}:${name}`,
          })),
        ),
      ),
    async settled() {
      while ((await remaining()) > 0) await sleep(LOOK_AGAIN_MS);
    },
    countResults: async () =>
      keepsResults ? number('select count(*) as number from result') : ended - (await remaining()),
    async close() {
      await runner.stop();
      await producer.release();
      await own.end();
    },
  };

  function remaining() {
    return number('select count(*) as number from graphile_worker._private_jobs');
  }
}

function settingsOf(worker, keepsResults) {
  return {
    concurrentJobs: String(worker.concurrentJobs),
    maxPoolSize: String(worker.maxPoolSize),
    localQueue: worker.localQueue ? `size ${worker.localQueue.size}` : 'none',
    completeJobBatchDelay: worker.completeJobBatchDelay === undefined ? 'none' : '0 ms',
    failJobBatchDelay: worker.failJobBatchDelay === undefined ? 'none' : '0 ms',
    enqueue: 'addJobs, one call per batch, with jobKey',
    result: keepsResults ? 'one insert per operation, in the handler' : 'none',
  };
}

/** One line per success, the default, would cost it more than its work does. */
function quietLogger() {
  return new Logger(() => (level, message) => {
    if (level === 'error' || level === 'warning') console.error(message);
  });
}
