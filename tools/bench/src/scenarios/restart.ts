import { setTimeout as pause } from 'node:timers/promises';
import { RpcEventPublisher } from '@bus/client';
import { benchEvent, OPERATIONS } from '../bus/bench-events';
import { median } from '../measure/statistics';
import { BusCluster } from '../rig/bus-cluster';
import type { BenchContext, Scenario } from '../scenario';

const EVENTS = 40_000;
const BATCH = 500;
const WITHIN_MS = 240_000;

/** The only replica is killed amid a backlog; another one starts. */
export const restart: Scenario = {
  name: 'restart',
  title: `${EVENTS} events, the replica killed by SIGKILL amid them and started again: until everything has completed`,
  quick: false,
  async run(context) {
    const found = {
      inFlight: [] as number[],
      stallMs: [] as number[],
      totalMs: [] as number[],
      repeated: [] as number[],
    };
    for (let round = 0; round < Math.min(3, context.rounds); round += 1) {
      const one = await once(context);
      for (const key of Object.keys(found) as (keyof typeof found)[]) found[key].push(one[key]);
    }
    return {
      name: 'restart',
      title: restart.title,
      rows: [
        {
          variant: 'killed amid its work',
          figures: {
            'in flight at the kill': { unit: 'executions', rounds: found.inFlight },
            'kill to next end': { unit: 'ms', rounds: found.stallMs },
            'kill to all completed': { unit: 'ms', rounds: found.totalMs },
            'attempts made twice': { unit: '', rounds: found.repeated },
          },
        },
      ],
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'After the kill',
          unit: 'ms',
          categories: ['to the next end', 'to all completed'],
          series: [{ name: 'ms', values: [median(found.stallMs), median(found.totalMs)] }],
        },
      ],
      rejectedWindows: 0,
      notes: [
        'What was in flight waits for its lease (timeout and grace); everything else goes on as soon as the process is up.',
      ],
    };
  },
};

async function once({ arena, progress }: BenchContext) {
  const cluster = await BusCluster.open(arena, { broker: 'postgres', producers: 1, consumers: 1 });
  const number = async (sql: string) => Number((await cluster.pool.query<{ n: string }>(sql)).rows[0]?.n);
  const completed = 'select count(*) as n from bus.attempt where outcome = 0';
  try {
    const publisher = new RpcEventPublisher({
      host: '127.0.0.1',
      port: cluster.producers[0]?.rpcPort as number,
    });
    for (let from = 0; from < EVENTS; from += BATCH)
      await publisher.publishBatch({
        events: Array.from({ length: BATCH }, (_, at) => benchEvent(from + at)),
      });
    publisher.close();
    const [consumer] = cluster.consumers;
    const killedMs = performance.now();
    consumer?.kill('SIGKILL');
    await consumer?.ended;
    const inFlight = await number('select count(*) as n from bus.in_flight');
    const before = await number(completed);
    progress(`killed with ${inFlight} executions in flight, ${before} completed`);
    consumer?.start();
    while ((await number(completed)) === before) await pause(50);
    const stallMs = performance.now() - killedMs;
    await cluster.untilCompleted(EVENTS * OPERATIONS.length, WITHIN_MS);
    const totalMs = performance.now() - killedMs;
    const repeated = await number('select count(*) as n from bus.attempt where outcome <> 0');
    return { inFlight, stallMs, totalMs, repeated };
  } finally {
    await cluster.close();
  }
}
