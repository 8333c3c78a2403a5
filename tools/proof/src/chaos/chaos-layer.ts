import { join } from 'node:path';
import { kafkaAvailable } from '@bus/kafka-dev';
import type { Layer, LayerContext, PartResult, ProofBroker, Tier } from '../layer';
import { runChaosPart, type ChaosPlan } from './chaos-part';
import type { FaultCounts } from './fault-plan';

const FAULTS: FaultCounts = {
  kill: 22,
  stop: 7,
  term: 4,
  link: 12,
  service: 9,
  postgres: 3,
  kafka: 3,
  terminated: 4,
  usedUp: 1,
};
const FAILOVER: FaultCounts = { ...FAULTS, postgres: 0, kafka: 1, usedUp: 0 };

/** Parts on Kafka, on the Postgres broker; each of so many events. */
const SIZE: Record<
  Tier,
  { kafka: number; postgres: number; failovers: number; events: number; spanMs: number }
> = {
  quick: { kafka: 1, postgres: 1, failovers: 0, events: 7_500, spanMs: 65_000 },
  full: { kafka: 10, postgres: 2, failovers: 1, events: 10_000, spanMs: 90_000 },
  release: { kafka: 50, postgres: 5, failovers: 3, events: 10_000, spanMs: 90_000 },
};

/** T4 of docs/guarantees.md, §6. */
export const chaosLayer: Layer = {
  name: 'chaos',
  title:
    'the bus as real processes, with load, kills, stops, outages, bad links, bad services and wrong clocks',
  async run(context) {
    const results: PartResult[] = [];
    const plans = planParts(context);
    for (const [index, plan] of plans.entries()) {
      context.signal.throwIfAborted();
      const known = context.done.get(plan.part);
      if (known) {
        results.push(known);
        continue;
      }
      const result = await runChaosPart(plan, { ...context, workDir: join(context.workDir, 'parts') });
      context.keep(plan.part, result);
      results.push(result);
      context.progress(
        `part ${index + 1} of ${plans.length}, ${plan.part}: ${result.counts['events']} events, ` +
          `${result.counts['faults']} faults, ${result.violations.length} violations, ` +
          `${Math.round(result.durationMs / 1000)} s`,
      );
    }
    return results;
  },
  cannotRun: () => null,
};

/** In the order in which they run: both brokers early. */
function planParts({ tier, seed, broker, progress }: LayerContext): ChaosPlan[] {
  const { kafka, postgres, failovers, events, spanMs } = SIZE[tier];
  const plan = (on: ProofBroker, failover: boolean, index: number): ChaosPlan => {
    const part = `${failover ? 'failover' : on}-${index + 1}`;
    const faults = failover ? FAILOVER : FAULTS;
    const own = (seed * 1_000 + index * 10 + (on === 'kafka' ? 1 : 2) + (failover ? 5 : 0)) % 2 ** 31;
    const repeat = `npm run proof -- ${tier} --only chaos --seed ${seed}, part ${part}`;
    // Beside other layers, on a machine that nobody knows, times are told and not judged.
    const judgesTimes = tier !== 'quick';
    return { part, broker: on, seed: own, events, spanMs, faults, failover, judgesTimes, repeat };
  };
  const several = (count: number, on: ProofBroker, failover: boolean) =>
    Array.from({ length: count }, (_, index) => plan(on, failover, index));
  const available = kafkaAvailable();
  const withKafka = broker !== 'postgres' && available.available;
  if (broker !== 'postgres' && !available.available)
    progress(`not on Kafka: this machine lacks ${available.missing}`);
  const onPostgres =
    broker === 'kafka' ? [] : several(broker === 'postgres' ? kafka + postgres : postgres, 'postgres', false);
  const onKafka = withKafka ? several(broker === 'kafka' ? kafka + postgres : kafka, 'kafka', false) : [];
  return [
    ...onPostgres.slice(0, 1),
    ...onKafka,
    ...(withKafka ? several(failovers, 'kafka', true) : []),
    ...onPostgres.slice(1),
  ];
}
