import { RpcEventPublisher } from '@bus/client';
import { kafkaAvailable } from '@bus/kafka-dev';
import { benchEvent } from '../bus/bench-events';
import { interleaved, type Round } from '../measure/rounds';
import { median } from '../measure/statistics';
import { openWindow, type Usage } from '../measure/usage-window';
import { BusCluster } from '../rig/bus-cluster';
import type { BenchContext, Figure, Row, Scenario } from '../scenario';

const CONSUMERS = [1, 2, 3];
const EVENTS = 20_000;
const BATCH = 500;
const WITHIN_MS = 180_000;

/** What a drain with n consumers cost; what `simulate` reckons with. */
export interface ClusterCost {
  eventsPerSecond: number;
  /** CPU seconds per 10,000 events. */
  consumerPer10k: number;
  servicePer10k: number;
  postgresPer10k: number;
  brokerPer10k: number;
  walBytesPerEvent: number;
}

export const nameOf = (consumers: number) => `${consumers} bus-consumer${consumers === 1 ? '' : 's'}`;
const PUBLISH = 'publish by RPC in batches of 500';

/** Kafka's own way: publish → Kafka → inbox → dispatch over TCP → result, every app a process of its own. */
export const kafka: Scenario = {
  name: 'kafka',
  title: `${EVENTS} events through Kafka with 4 operations over TCP each, by 1, 2 and 3 replicas of bus-consumer`,
  quick: false,
  async run(context) {
    const available = kafkaAvailable();
    if (!available.available) throw new Error(`Kafka can't be started here: ${available.missing} is missing`);
    const published: number[] = [];
    const producerPer10k: number[] = [];
    const { rounds, rejectedWindows, noisy } = await interleaved<ClusterCost>(
      { ...context, rounds: Math.min(3, context.rounds) },
      CONSUMERS.map((consumers) => ({
        name: nameOf(consumers),
        run: () => once(context, consumers, published, producerPer10k),
      })),
    );
    const rows: Row[] = [...rounds].map(([variant, found]) => ({
      variant,
      figures: figuresOf(found.map(({ figures }) => figures)),
    }));
    rows.push({
      variant: PUBLISH,
      figures: {
        'events/s': { unit: 'events/s', rounds: published },
        'producer per 10k': { unit: 's', rounds: producerPer10k },
      },
    });
    return {
      name: 'kafka',
      title: kafka.title,
      rows,
      goals: [],
      plots: [
        {
          kind: 'bars',
          title: 'Events per second from Kafka to durable results, all processes on this machine',
          unit: 'events/s',
          categories: rows.map(({ variant }) => variant),
          series: [
            {
              name: 'events/s',
              values: rows.map(({ figures }) => median(figures['events/s']?.rounds ?? [])),
            },
          ],
        },
      ],
      rejectedWindows,
      notes: [
        'All replicas, the service, Kafka and PostgreSQL share the cores of one machine: more replicas cannot be faster there than its cores.',
        ...noisy,
      ],
    };
  },
};

async function once(
  { arena, progress }: BenchContext,
  consumers: number,
  published: number[],
  producerPer10k: number[],
): Promise<Round<ClusterCost>> {
  const cluster = await BusCluster.open(arena, { broker: 'kafka', producers: 1, consumers });
  try {
    const publisher = new RpcEventPublisher({
      host: '127.0.0.1',
      port: cluster.producers[0]?.rpcPort as number,
    });
    const publish = async (firstId: number, count: number) => {
      for (let from = 0; from < count; from += BATCH) {
        const events = Array.from({ length: Math.min(BATCH, count - from) }, (_, at) =>
          benchEvent(firstId + from + at),
        );
        await publisher.publishBatch({ events });
      }
    };
    await publish(0, 2_000);
    await cluster.untilCompleted(2_000 * 4, WITHIN_MS);
    // Stopped as it is rolled out: nothing takes records while they are published.
    for (const one of cluster.consumers) one.kill('SIGSTOP');
    const closePublish = openWindow(cluster.roots);
    await publish(1_000_000, EVENTS);
    const usage = closePublish();
    published.push(EVENTS / usage.wallSeconds);
    producerPer10k.push((usage.cpuSeconds['producer-1'] ?? 0) * (10_000 / EVENTS));
    publisher.close();
    await arena.checkpoint();
    progress(`${nameOf(consumers)}: draining`);
    const walBefore = await arena.walBytes();
    const close = openWindow(cluster.roots);
    for (const one of cluster.consumers) one.kill('SIGCONT');
    await cluster.untilCompleted((2_000 + EVENTS) * 4, WITHIN_MS);
    const drained = close();
    return { usage: drained, figures: costOf(drained, (await arena.walBytes()) - walBefore) };
  } finally {
    await cluster.close();
  }
}

function costOf({ wallSeconds, cpuSeconds }: Usage, walBytes: number): ClusterCost {
  const per10k = (matches: (name: string) => boolean) =>
    Object.entries(cpuSeconds).reduce((sum, [name, seconds]) => (matches(name) ? sum + seconds : sum), 0) *
    (10_000 / EVENTS);
  return {
    eventsPerSecond: EVENTS / wallSeconds,
    consumerPer10k: per10k((name) => name.startsWith('consumer')),
    servicePer10k: per10k((name) => name === 'service'),
    postgresPer10k: per10k((name) => name === 'postgres'),
    brokerPer10k: per10k((name) => name === 'kafka'),
    walBytesPerEvent: walBytes / EVENTS,
  };
}

function figuresOf(costs: readonly ClusterCost[]): Record<string, Figure> {
  const of = (unit: string, read: (cost: ClusterCost) => number): Figure => ({
    unit,
    rounds: costs.map(read),
  });
  return {
    'events/s': of('events/s', (cost) => cost.eventsPerSecond),
    'consumers per 10k': of('s', (cost) => cost.consumerPer10k),
    'service per 10k': of('s', (cost) => cost.servicePer10k),
    'PostgreSQL per 10k': of('s', (cost) => cost.postgresPer10k),
    'Kafka per 10k': of('s', (cost) => cost.brokerPer10k),
    'WAL per event': of('bytes', (cost) => cost.walBytesPerEvent),
  };
}
