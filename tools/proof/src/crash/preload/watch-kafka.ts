import type { Consumer, Kafka, Producer } from 'kafkajs';
import type { CrashTrigger } from './crash-order';

/** Finds the points before a send to Kafka and after the commit of a group offset. */
export function watchKafka(kafka: typeof Kafka, trigger: CrashTrigger): void {
  const prototype = kafka.prototype as unknown as {
    producer(options?: unknown): Producer;
    consumer(options: unknown): Consumer;
  };
  const makeProducer = prototype.producer;
  prototype.producer = function watched(options) {
    const producer = makeProducer.call(this, options);
    const { sendBatch } = producer;
    producer.sendBatch = (batch) => {
      trigger.reached('publish.before-send');
      return sendBatch(batch);
    };
    return producer;
  };
  const makeConsumer = prototype.consumer;
  prototype.consumer = function watched(options) {
    const consumer = makeConsumer.call(this, options);
    const { commitOffsets } = consumer;
    consumer.commitOffsets = async (offsets) => {
      await commitOffsets(offsets);
      trigger.reached('ingest.after-broker-commit');
    };
    return consumer;
  };
}
