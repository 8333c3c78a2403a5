import { kafkaAvailable } from '@bus/kafka-dev';
import { BROKERS, type Layer, type PartResult, type ProofBroker, type Tier } from '../layer';
import { runRecoveryPart } from './recovery-part';

const ROUNDS: Record<Tier, number> = { quick: 0, full: 5, release: 20 };

/** R5 of docs/guarantees.md by itself: chaos measures it once a part, in the midst of what else goes wrong. */
export const recoveryLayer: Layer = {
  name: 'recovery',
  title: 'a replica, PostgreSQL and Kafka killed in turn, under load: how long until work goes on',
  async run(context) {
    const { tier, seed, broker, progress } = context;
    const parts: PartResult[] = [];
    if (ROUNDS[tier] === 0) return parts;
    const kafka = kafkaAvailable();
    if (!kafka.available && broker !== 'postgres')
      progress(`not on Kafka: this machine lacks ${kafka.missing}`);
    const wanted = (one: ProofBroker) => (broker ?? one) === one && (one !== 'kafka' || kafka.available);
    for (const part of BROKERS.filter(wanted)) {
      const known = context.done.get(part);
      const repeat = `npm run proof -- ${tier} --only recovery --broker ${part} --seed ${seed}`;
      const result =
        known ?? (await runRecoveryPart({ broker: part, seed, rounds: ROUNDS[tier], repeat }, context));
      if (!known) context.keep(part, result);
      parts.push(result);
    }
    return parts;
  },
};
