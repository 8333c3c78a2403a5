import { randomUUID } from 'node:crypto';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { growthConformance } from '../testing/growth.conformance';
import { KafkaHand } from '../testing/kafka-hand';

describeWithKafka('a Kafka topic', () => {
  let brokers: string;
  let topic: string;
  beforeAll(async () => {
    ({ brokers } = await sharedTestKafka());
  }, 120_000);

  growthConformance({
    title: 'that grows',
    timeoutMs: 90_000,
    open: async () => {
      topic = `events-${randomUUID()}`;
      return { broker: 'kafka', kafkaBrokers: [brokers], topic, devSingleBroker: true };
    },
    grow: async (count) => {
      await new KafkaHand(brokers, topic).admin((admin) =>
        admin.createPartitions({ topicPartitions: [{ topic, count }] }),
      );
    },
  });
});
