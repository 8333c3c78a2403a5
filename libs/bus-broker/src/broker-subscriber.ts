import type { RecordBatch } from './broker-record';

/** `stored`: go on at `nextOffset`. `seek`: the stored position is elsewhere; go on there. */
export type BatchOutcome = { outcome: 'stored' } | { outcome: 'seek'; offset: bigint };

/** What bus-consumer gives to a subscriber. Positions live in the store, never in the broker. */
export abstract class BatchReceiver {
  /**
   * Stored positions of newly assigned partitions, created at the log's start where unknown.
   * @param logStarts partition → oldest offset that the log holds
   */
  abstract positions(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>>;
  /** Stored positions of all partitions of the log that were ever read; makes none. */
  abstract stored(logId: string): Promise<Map<number, bigint>>;
  /** Stores the batch in one transaction. Throws where the store is away: the same batch comes again after a pause. */
  abstract receive(batch: RecordBatch): Promise<BatchOutcome>;
  /**
   * A stored position that the log does not hold any more (or not yet). The partition stops; it is never reset.
   * @param gap what the log holds
   */
  abstract outOfRange(
    logId: string,
    partition: number,
    gap: { position: bigint; logStart: bigint; logEnd: bigint },
  ): void;
}

export interface PartitionLag {
  partition: number;
  /** Log end minus position. */
  lag: bigint;
  /** Left unread: the log grew by it, and its old partitions are not drained, or BUS_PARTITIONS does not count it. */
  held?: boolean;
}

/** Port: reads the log for a receiver, several replicas sharing the partitions. */
export abstract class BrokerSubscriber {
  /** Joins and reads until `stop`. Resolves once the first assignment is known; reconnects by itself after that. */
  abstract start(receiver: BatchReceiver): Promise<void>;
  /** Stops fetching, keeps the assignment and the heartbeat. Idempotent. */
  abstract pause(): void;
  abstract resume(): void;
  /** Lag of the partitions assigned here; throws while the broker is away. */
  abstract lag(): Promise<PartitionLag[]>;
  /**
   * Goes on at the stored position where it is not the one held. To be called now and then: a store that was put back
   * to an older state has forgotten records that were read already, and nobody else would read them again.
   */
  abstract recheck(): Promise<void>;
  /** Ends fetching, waits for the batch under way, leaves the group. */
  abstract stop(): Promise<void>;
}
