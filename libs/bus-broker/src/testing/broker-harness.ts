import { type OutgoingRecord, partitionOf } from '@bus/domain';
import type { BrokerPublisher, PublishResult } from '../broker-publisher';
import type { BrokerSubscriber } from '../broker-subscriber';

/** One empty log for one test, and what a test may do to its broker. */
export interface BrokerHarness {
  partitions: number;
  publisher(): BrokerPublisher;
  subscriber(): BrokerSubscriber;
  /** Makes offsets without records at the partition's end. @returns how many */
  gap(partition: number): Promise<bigint>;
  /** Deletes the records before `offset`, as retention does. */
  dropBefore(partition: number, offset: bigint): Promise<void>;
  /** The broker refuses connections and ends those it has. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** Puts another, empty log in the place of this one. */
  recreate(): Promise<void>;
  close(): Promise<void>;
}

/** A record whose text is its value. */
export function textRecord(key: string, text: string): OutgoingRecord {
  return { key, value: Buffer.from(text), headers: { ce_id: text, 'content-type': 'application/json' } };
}

/** The first keys `k0`, `k1`, … that fall into this partition. */
export function keysOf(partition: number, partitions: number, count = 1): string[] {
  const keys: string[] = [];
  for (let at = 0; keys.length < count; at++) {
    if (partitionOf(`k${at}`, partitions) === partition) keys.push(`k${at}`);
  }
  return keys;
}

/** @throws Error naming the first record that was not accepted */
export function allAccepted(
  results: readonly PublishResult[],
): Extract<PublishResult, { outcome: 'accepted' }>[] {
  return results.map((result) => {
    if (result.outcome !== 'accepted') {
      throw new Error(`${result.outcome}: ${String(result.cause)}`, { cause: result.cause });
    }
    return result;
  });
}
