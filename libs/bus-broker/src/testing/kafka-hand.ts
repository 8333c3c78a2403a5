import { randomUUID } from 'node:crypto';
import { type Admin, Kafka, logLevel, Partitioners } from 'kafkajs';

/** What tests do to a topic by hand, beside the adapter. */
export class KafkaHand {
  private readonly kafka: Kafka;

  constructor(
    brokers: string,
    private readonly topic: string,
  ) {
    this.kafka = new Kafka({ brokers: [brokers], clientId: 'by-hand', logLevel: logLevel.NOTHING });
  }

  async admin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.kafka.admin();
    await admin.connect();
    try {
      return await work(admin);
    } finally {
      await admin.disconnect();
    }
  }

  /** Offset after the partition's last record, control records included. */
  async end(partition: number): Promise<bigint> {
    const offsets = await this.admin((admin) => admin.fetchTopicOffsets(this.topic));
    return BigInt(offsets.find((one) => one.partition === partition)?.high ?? -1);
  }

  dropBefore(partition: number, offset: bigint): Promise<void> {
    return this.admin(async (admin) => {
      await admin.fetchTopicOffsets(this.topic); // deleteTopicRecords does not load the topic's metadata itself
      await admin.deleteTopicRecords({
        topic: this.topic,
        partitions: [{ partition, offset: String(offset) }],
      });
    });
  }

  /** One transaction over records of one partition, its control record included.
   *  @returns how many offsets it took */
  async transaction(partition: number, values: readonly string[], end: 'commit' | 'abort'): Promise<bigint> {
    const before = await this.end(partition);
    const producer = this.kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      transactionalId: randomUUID(),
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({
      topic: this.topic,
      messages: values.map((value) => ({ key: 'by-hand', value, partition })),
    });
    await transaction[end]();
    await producer.disconnect();
    const offsets = BigInt(values.length + 1);
    // The coordinator answers before its control record is in the partition.
    while ((await this.end(partition)) < before + offsets) continue;
    return offsets;
  }
}
