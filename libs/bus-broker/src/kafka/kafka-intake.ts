import type { KafkaMessage } from 'kafkajs';
import { BATCH_RECORDS, type BrokerLogger } from '../broker-options';
import type { BatchReceiver } from '../broker-subscriber';
import { handOver, type PartitionProgress } from '../partition-progress';
import type { KafkaAssignment } from './kafka-assignment';
import type { KafkaPositions } from './kafka-positions';
import { toIncomingRecord } from './kafka-record';

/** What one fetch brought of a partition. */
export interface Fetched {
  /** Without control records and aborted ones; may be empty. */
  messages: readonly KafkaMessage[];
  /** First offset in the fetch, control records and aborted ones included. */
  first: bigint;
  /** Last such offset + 1. */
  next: bigint;
  heartbeat(): Promise<void>;
  /** Tells kafkajs that everything before `next` is stored. */
  resolve(next: bigint): void;
}

export interface KafkaIntakeOptions {
  receiver: BatchReceiver;
  positions: KafkaPositions;
  assignment: KafkaAssignment;
  logger: BrokerLogger;
  /** Whether no further batch shall begin. */
  paused(): boolean;
}

const BEAT_EVERY_MS = 1_000;

/** Takes fetches to the receiver: only what continues the position held, in batches of at most 500 records. */
export class KafkaIntake {
  constructor(private readonly options: KafkaIntakeOptions) {}

  take(progress: PartitionProgress, fetched: Fetched): Promise<void> {
    return progress.turn(async () => {
      if (!this.options.assignment.isCurrent(progress) || !progress.readable) return;
      try {
        if (await this.continues(progress, fetched)) await this.store(progress, fetched);
      } catch (cause) {
        if (isBrokerTurn(cause)) throw cause;
        this.options.logger('warn', 'a fetch could not be placed; it comes again', { cause: String(cause) });
        this.backOff(progress);
      }
    });
  }

  /** Whether the fetch begins at the position held, or behind a gap that is real. */
  private async continues(progress: PartitionProgress, { first }: Fetched): Promise<boolean> {
    const { position } = progress;
    if (position === undefined || first === position) return position !== undefined;
    // Before it: a fetch from the group's offset, or one that kafkajs reset because the position is not in the log.
    // Behind it: a gap, or records that were skipped; the second look at the same place tells.
    if (first > position && progress.soughtFor !== position) {
      progress.soughtFor = position;
      return this.again(progress);
    }
    if (!(await this.options.positions.confirm(progress))) {
      this.options.assignment.applyHindrances();
      return false;
    }
    return first > position || this.again(progress);
  }

  private again(progress: PartitionProgress): false {
    this.options.assignment.seek(progress);
    return false;
  }

  private async store(progress: PartitionProgress, fetched: Fetched): Promise<void> {
    const { messages } = fetched;
    let from = 0;
    do {
      const to = Math.min(from + BATCH_RECORDS, messages.length);
      const next = to === messages.length ? fetched.next : BigInt(messages[to - 1].offset) + 1n;
      if (this.options.paused()) return;
      if (!(await this.storeChunk(progress, fetched, messages.slice(from, to), next))) return;
      from = to;
    } while (from < messages.length);
  }

  private async storeChunk(
    progress: PartitionProgress,
    fetched: Fetched,
    messages: readonly KafkaMessage[],
    next: bigint,
  ): Promise<boolean> {
    const { partition } = progress;
    const records = messages.map((message) => toIncomingRecord(partition, message));
    const batch = {
      logId: progress.logId,
      partition,
      start: progress.position ?? fetched.first,
      records,
      nextOffset: next,
      logStart: progress.logStart,
    };
    // A store that is slow must not cost the membership.
    const beat = setInterval(() => void fetched.heartbeat().catch(() => undefined), BEAT_EVERY_MS);
    const end = await handOver(this.options.receiver, progress, batch, this.options.logger);
    clearInterval(beat);
    if (!this.options.assignment.isCurrent(progress)) return false;
    if (end === 'stored') {
      fetched.resolve(next);
      await fetched.heartbeat();
      return true;
    }
    this.options.assignment.seek(progress);
    if (end === 'failed') this.backOff(progress);
    return false;
  }

  private backOff(progress: PartitionProgress): void {
    const restMs = progress.failed();
    this.options.assignment.applyHindrances();
    setTimeout(() => {
      progress.hindrances.delete('backoff');
      this.options.assignment.applyHindrances();
    }, restMs);
  }
}

/** Errors of kafkajs are its own to handle: a rebalance reaches it as one. */
function isBrokerTurn(error: unknown): boolean {
  return error instanceof Error && error.name.startsWith('KafkaJS');
}
