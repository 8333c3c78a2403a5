import type { OutgoingRecord } from './broker-record';

/**
 * What became of a record. `accepted`: the broker holds it durably (Kafka: all in-sync replicas; Postgres: committed).
 * `refused`: the broker said no, for ever (`too_large`). `not_accepted`: nothing left this process, or the broker
 * surely holds nothing. `unknown`: it may hold it; publishing again with the same message id is right.
 */
export type PublishResult =
  | { outcome: 'accepted'; partition: number; offset: bigint }
  | { outcome: 'refused'; code: 'too_large'; cause: unknown }
  | { outcome: 'not_accepted' | 'unknown'; cause: unknown };

/** Port: puts records into the log. Batches what piles up while a send is under way (linger 0). */
export abstract class BrokerPublisher {
  /** One result per record, in order, within 5 s. Never rejects for a broker that is away. */
  abstract publish(records: readonly OutgoingRecord[]): Promise<PublishResult[]>;
  /** Connects and checks the log's settings; throws with the fix where they break a promise. */
  abstract start(): Promise<void>;
  /** Resolves while the broker answers; throws otherwise (readiness). */
  abstract check(): Promise<void>;
  /** Waits for what is under way, then closes. */
  abstract stop(): Promise<void>;
}
