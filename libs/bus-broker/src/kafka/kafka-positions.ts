import type { BrokerLogger } from '../broker-options';
import type { BatchReceiver } from '../broker-subscriber';
import { GrowthGate } from '../growth-gate';
import type { LogBounds, PartitionProgress } from '../partition-progress';
import type { KafkaAdminLine } from './kafka-admin-line';

/** Looks at a position past the log's end, so that an election under way does not pass for a loss. */
const LOOKS = 4;
const LOOK_EVERY_MS = 500;

/** Where partitions stand: what the log holds, and what the store says. */
export class KafkaPositions {
  private readonly gates = new Map<string, GrowthGate>();

  constructor(
    private readonly options: {
      topic: string;
      /** Of a new log, so many are taken as read from its start, all at once. */
      partitions: number;
      admin: KafkaAdminLine;
      logger: BrokerLogger;
    },
    private readonly receiver: BatchReceiver,
  ) {}

  /** Asks the store for the positions of these partitions and notes them. Those outside of the log are stopped; those
   *  that the log grew by, and that may not be read yet, get none.
   *  @returns those that got a position   @throws where the broker or the store is away */
  async load(partitions: readonly PartitionProgress[]): Promise<PartitionProgress[]> {
    if (partitions.length === 0) return [];
    const { logId, bounds } = await this.look();
    const stored = await this.receiver.stored(logId);
    const wanted = partitions.map(({ partition }) => partition);
    const open = this.gateOf(logId).open(wanted, bounds, stored);
    // All at once: a partition without a position is a new one from then on.
    const isNewLog = stored.size === 0;
    const asked = isNewLog ? [...bounds.keys()].filter((one) => one < this.options.partitions) : open;
    const starts = new Map(asked.map((partition) => [partition, boundsOf(bounds, partition).start] as const));
    const positions =
      asked.length > 0 ? await this.receiver.positions(logId, starts) : new Map<never, never>();
    const ready = partitions.filter(({ partition }) => open.includes(partition));
    for (const progress of ready) {
      const { partition } = progress;
      progress.logId = logId;
      progress.logStart = boundsOf(bounds, partition).start;
      progress.moveTo(positions.get(partition) ?? progress.logStart);
    }
    const suspects = ready.filter((progress) => isOutside(progress, bounds));
    await Promise.all(suspects.map((progress) => this.confirm(progress)));
    return ready;
  }

  /** Compares a position with the log as it is now; stops the partition and tells the receiver where it is outside.
   *  @returns whether it is inside   @throws where the broker is away */
  async confirm(progress: PartitionProgress): Promise<boolean> {
    for (let left = LOOKS; ; left--) {
      const { logId, bounds } = await this.look();
      const { start, end } = boundsOf(bounds, progress.partition);
      progress.logStart = start;
      const position = progress.position ?? start;
      if (position >= start && position <= end) return true;
      if (position < start || left === 0) {
        progress.hindrances.add('stopped');
        const gap = { position, logStart: start, logEnd: end };
        this.receiver.outOfRange(logId, progress.partition, gap);
        this.options.logger('error', 'a stored position is outside of the log; its partition stops', {
          partition: progress.partition,
          position: String(position),
          logStart: String(start),
          logEnd: String(end),
        });
        return false;
      }
      await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
    }
  }

  /** The log's id and what it holds of each partition. @throws where the broker is away */
  look(): Promise<{ logId: string; bounds: Map<number, LogBounds> }> {
    const { admin, topic } = this.options;
    return admin.ask(async (line) => {
      const { clusterId } = await line.describeCluster();
      const offsets = await line.fetchTopicOffsets(topic);
      const bounds = new Map(
        offsets.map(({ partition, low, high }) => [partition, { start: BigInt(low), end: BigInt(high) }]),
      );
      return { logId: `kafka:${clusterId}/${topic}`, bounds };
    });
  }

  private gateOf(logId: string): GrowthGate {
    let gate = this.gates.get(logId);
    if (!gate) {
      gate = new GrowthGate();
      this.gates.set(logId, gate);
    }
    return gate;
  }
}

function isOutside(progress: PartitionProgress, bounds: ReadonlyMap<number, LogBounds>): boolean {
  const { start, end } = boundsOf(bounds, progress.partition);
  const position = progress.position ?? start;
  return position < start || position > end;
}

function boundsOf(bounds: ReadonlyMap<number, LogBounds>, partition: number): LogBounds {
  const found = bounds.get(partition);
  if (!found) throw new Error(`Kafka does not tell the offsets of partition ${partition}`);
  return found;
}
