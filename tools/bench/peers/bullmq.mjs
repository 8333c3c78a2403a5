// BullMQ: one hash per operation in Redis, kept when it is done, with the handler's return value as the result.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { OPERATIONS, needed, noop, servePeer } from './peer.mjs';

await servePeer({ tuned: { concurrency: 50 } }, open);

async function open({ concurrency }, { results, fail }) {
  const url = needed('REDIS_URL');
  const connections = [];
  const connect = () => {
    const connection = new Redis(url, { maxRetriesPerRequest: null });
    connections.push(connection);
    return connection;
  };
  const defaultJobOptions = { removeOnComplete: false };
  const queues = OPERATIONS.map((name) => new Queue(name, { connection: connect(), defaultJobOptions }));
  const workers = OPERATIONS.map(
    (name) => new Worker(name, ({ data }) => noop(data), { connection: connect(), concurrency }),
  );
  for (const worker of workers) {
    worker.on('completed', ({ data, queueName }) => results.recorded(data.messageId, queueName));
    worker.on('failed', (_, error) => fail(error));
  }
  for (const one of [...queues, ...workers]) one.on('error', fail);
  await Promise.all([...queues, ...workers].map((one) => one.waitUntilReady()));
  const [redis] = connections;
  if ((await redis.keys('*:id')).length > 0) throw new Error('this Redis is not empty');
  const aof = await redis.config('GET', 'append*');

  return {
    settings: {
      queues: String(OPERATIONS.length),
      concurrency: `${concurrency} per queue`,
      enqueue: 'addBulk, one call per batch and queue, with jobId',
      result: 'return values, kept',
      redis: persistenceOf(aof),
    },
    packages: ['bullmq', 'ioredis'],
    enqueue: (events) =>
      Promise.all(
        queues.map((queue) =>
          queue.addBulk(
            events.map((event) => ({
              name: queue.name,
              data: event,
              opts: { jobId: `${event.messageId}/${queue.name}` }, // it forbids the colon
            })),
          ),
        ),
      ),
    async countResults() {
      const counts = await Promise.all(queues.map((queue) => queue.getCompletedCount()));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
      await Promise.all(queues.map((queue) => queue.close()));
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** @param list names and values in turn, as Redis gives its configuration */
function persistenceOf(list) {
  const value = (name) => list[list.indexOf(name) + 1];
  return value('appendonly') === 'yes' ? `appendonly, fsync ${value('appendfsync')}` : 'no appendonly file';
}
