import type { Consumer } from 'kafkajs';
import type { BrokerLogger } from '../broker-options';
import { PartitionProgress } from '../partition-progress';
import type { KafkaPositions } from './kafka-positions';

export interface KafkaAssignmentOptions {
  topic: string;
  /** Partitions over this number are left unread: keys have moved there, and wait for the log to be drained. */
  partitions: number;
  positions: KafkaPositions;
  logger: BrokerLogger;
}

const AGAIN_AFTER_MS = 500;
/** How often a new partition is looked at that waits for the old ones. */
const LOOK_EVERY_MS = 1000;

/** The partitions that the group gave to one consumer, where each stands, and which of them rest. */
export class KafkaAssignment {
  private assigned = new Map<number, PartitionProgress>();
  private paused = false;

  constructor(
    private readonly consumer: Consumer,
    private readonly options: KafkaAssignmentOptions,
  ) {}

  get(partition: number): PartitionProgress | undefined {
    return this.assigned.get(partition);
  }

  all(): PartitionProgress[] {
    return [...this.assigned.values()];
  }

  isCurrent(progress: PartitionProgress): boolean {
    return this.assigned.get(progress.partition) === progress;
  }

  /** Begins a new assignment, before its first fetch: all of it rests until its positions are known. */
  replace(partitions: readonly number[]): void {
    this.assigned = new Map(partitions.map((partition) => [partition, new PartitionProgress(partition)]));
    for (const progress of this.all()) {
      if (progress.partition < this.options.partitions) continue;
      progress.hindrances.add('grown');
      this.options.logger('error', 'a partition is left unread; drain the log, then raise BUS_PARTITIONS', {
        partition: progress.partition,
        configured: this.options.partitions,
      });
    }
    this.applyHindrances();
    void this.loadPositions(this.assigned);
  }

  /** Nothing is current any more. */
  end(): void {
    this.assigned = new Map();
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    this.applyHindrances();
  }

  /** Makes the next fetch begin at the position. */
  seek({ partition, position }: PartitionProgress): void {
    const { topic } = this.options;
    if (position === undefined) return;
    this.tell(() => this.consumer.seek({ topic, partition, offset: String(position) }));
  }

  /** Tells kafkajs which partitions rest. */
  applyHindrances(): void {
    if (this.assigned.size === 0) return;
    const resting = this.all().filter(({ readable }) => this.paused || !readable);
    const { topic } = this.options;
    const numbers = (progresses: PartitionProgress[]) => [
      { topic, partitions: progresses.map(({ partition }) => partition) },
    ];
    this.tell(() => {
      this.consumer.pause(numbers(resting));
      this.consumer.resume(numbers(this.all().filter((progress) => !resting.includes(progress))));
    });
  }

  private async loadPositions(assigned: Map<number, PartitionProgress>): Promise<void> {
    let left = [...assigned.values()].filter(({ hindrances }) => !hindrances.has('grown'));
    while (left.length > 0 && assigned === this.assigned) {
      try {
        const ready = await this.options.positions.load(left);
        if (assigned !== this.assigned) return;
        left = left.filter((progress) => !ready.includes(progress));
        this.begin(ready);
        this.hold(left);
        if (left.length > 0) await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
      } catch (cause) {
        this.options.logger('warn', 'positions could not be read; trying again', { cause: String(cause) });
        await new Promise((done) => setTimeout(done, AGAIN_AFTER_MS));
      }
    }
  }

  private begin(ready: readonly PartitionProgress[]): void {
    if (ready.length === 0) return;
    for (const progress of ready) {
      this.seek(progress);
      progress.hindrances.delete('starting');
      if (progress.hindrances.delete('grown'))
        this.options.logger('info', 'the old partitions are drained; a new one is read', {
          partition: progress.partition,
        });
    }
    this.applyHindrances();
  }

  /** The log grew by these, and what was published before them is not stored yet. */
  private hold(left: readonly PartitionProgress[]): void {
    for (const { partition, hindrances } of left) {
      if (hindrances.has('grown')) continue;
      hindrances.add('grown');
      this.options.logger('error', 'a new partition is left unread until the old ones are drained', {
        partition,
      });
    }
  }

  /** kafkajs throws where its consumer has just ended; the next one begins with an assignment of its own. */
  private tell(what: () => void): void {
    try {
      what();
    } catch (cause) {
      this.options.logger('debug', 'the Kafka consumer has ended', { cause: String(cause) });
    }
  }
}
