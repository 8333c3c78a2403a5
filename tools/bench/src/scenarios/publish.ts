import { RpcEventPublisher } from '@bus/client';
import { kafkaAvailable } from '@bus/kafka-dev';
import { Agent, request } from 'undici';
import { benchEvent } from '../bus/bench-events';
import { atOnce } from '../measure/at-once';
import { interleaved, type Round } from '../measure/rounds';
import { median, percentile } from '../measure/statistics';
import { openWindow } from '../measure/usage-window';
import { BusCluster } from '../rig/bus-cluster';
import type { BenchContext, Scenario } from '../scenario';

const IN_FLIGHT = 32;
const SINGLE = 6_000;
const BATCHES = 60;
const BATCH = 500;

interface Publish {
  eventsPerSecond: number;
  p99Ms: number;
  producerPer10k: number;
}
type Way = 'RPC' | 'HTTP' | 'RPC in batches of 500';

/** From a call to its answer: the event is durable in the log. */
export const publish: Scenario = {
  name: 'publish',
  title: `accepted events per second by RPC and HTTP with ${IN_FLIGHT} calls in flight, and in batches, on both brokers`,
  quick: false,
  async run(context) {
    const brokers = (['postgres', 'kafka'] as const).filter(
      (broker) => broker === 'postgres' || kafkaAvailable().available,
    );
    const ways: Way[] = ['RPC', 'HTTP', 'RPC in batches of 500'];
    const { rounds, rejectedWindows, noisy } = await interleaved<Publish>(
      { ...context, rounds: Math.min(3, context.rounds) },
      brokers.flatMap((broker) =>
        ways.map((way) => ({ name: `${way}, ${broker}`, run: () => once(context, broker, way) })),
      ),
    );
    const categories = [...rounds.keys()];
    const of = (variant: string, read: (figures: Publish) => number) =>
      (rounds.get(variant) ?? []).map(({ figures }) => read(figures));
    return {
      name: 'publish',
      title: publish.title,
      rows: categories.map((variant) => ({
        variant,
        figures: {
          'events/s': { unit: 'events/s', rounds: of(variant, (figures) => figures.eventsPerSecond) },
          'p99 of a call': { unit: 'ms', rounds: of(variant, (figures) => figures.p99Ms) },
          'producer per 10k': { unit: 's', rounds: of(variant, (figures) => figures.producerPer10k) },
        },
      })),
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'Accepted events per second, one bus-producer',
          unit: 'events/s',
          categories,
          series: [
            {
              name: 'events/s',
              values: categories.map((variant) => median(of(variant, (f) => f.eventsPerSecond))),
            },
          ],
        },
      ],
      rejectedWindows,
      notes: ['The caller shares the cores with the bus.', ...noisy],
    };
  },
};

async function once(
  { arena }: BenchContext,
  broker: 'postgres' | 'kafka',
  way: Way,
): Promise<Round<Publish>> {
  const cluster = await BusCluster.open(arena, { broker, producers: 1, consumers: 0 });
  const producer = cluster.producers[0];
  const rpc = new RpcEventPublisher({ host: '127.0.0.1', port: producer?.rpcPort as number });
  const agent = new Agent({ connections: IN_FLIGHT });
  const took: number[] = [];
  let id = 0;
  const send: Record<Way, () => Promise<void>> = {
    RPC: async () => void (await rpc.publish(benchEvent((id += 1)))),
    HTTP: async () => {
      const answer = await request(`http://127.0.0.1:${producer?.httpPort}/v1/events`, {
        method: 'POST',
        dispatcher: agent,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(benchEvent((id += 1))),
      });
      await answer.body.dump();
      if (answer.statusCode !== 202) throw new Error(`HTTP ${answer.statusCode}`);
    },
    'RPC in batches of 500': async () =>
      void (await rpc.publishBatch({ events: Array.from({ length: BATCH }, () => benchEvent((id += 1))) })),
  };
  const isBatch = way === 'RPC in batches of 500';
  const calls = isBatch ? BATCHES : SINGLE;
  const timed = async () => {
    const startedMs = performance.now();
    await send[way]();
    took.push(performance.now() - startedMs);
  };
  try {
    await atOnce(isBatch ? 2 : IN_FLIGHT, Math.ceil(calls / 10), timed);
    took.length = 0;
    await arena.checkpoint();
    const close = openWindow(cluster.roots);
    await atOnce(isBatch ? 2 : IN_FLIGHT, calls, timed);
    const usage = close();
    const events = calls * (isBatch ? BATCH : 1);
    return {
      usage,
      figures: {
        eventsPerSecond: events / usage.wallSeconds,
        p99Ms: percentile(took, 0.99),
        producerPer10k: (usage.cpuSeconds['producer-1'] ?? 0) * (10_000 / events),
      },
    };
  } finally {
    rpc.close();
    await agent.destroy();
    await cluster.close();
  }
}
