import { LogEnds, type LogExtent } from '../log-ends';
import { KafkaAdminLine } from './kafka-admin-line';
import type { KafkaClientOptions } from './kafka-client';

export class KafkaLogEnds extends LogEnds {
  private readonly admin: KafkaAdminLine;

  constructor(private readonly options: KafkaClientOptions & { topic: string }) {
    super();
    this.admin = new KafkaAdminLine(options);
  }

  read(): Promise<LogExtent> {
    const { topic } = this.options;
    return this.admin.ask(async (line) => {
      const { clusterId } = await line.describeCluster();
      const offsets = await line.fetchTopicOffsets(topic);
      const bounds = new Map(
        offsets.map(({ partition, low, high }) => [partition, { start: BigInt(low), end: BigInt(high) }]),
      );
      return { logId: `kafka:${clusterId}/${topic}`, bounds };
    });
  }

  stop(): Promise<void> {
    return this.admin.close();
  }
}
