import type { Consumer } from 'kafkajs';
import { FEW_RETRIES, kafkaClient, type KafkaClientOptions } from './kafka-client';

/** A replica that was killed gives its partitions up after this time. */
const SESSION_MS = 10_000;
const REBALANCE_MS = 15_000;
const HEARTBEAT_MS = 1_000;
/** A partition that is taken up again waits at most this long for the fetch under way. */
const FETCH_WAIT_MS = 250;
const PARTITION_BYTES = 1024 * 1024;
const FETCH_BYTES = 8 * 1024 * 1024;

/** A consumer with every option explicit, which ends at a crash instead of starting again by itself. */
export function kafkaConsumer(options: KafkaClientOptions & { groupId: string }): Consumer {
  return kafkaClient(options).consumer({
    groupId: options.groupId,
    sessionTimeout: SESSION_MS,
    rebalanceTimeout: REBALANCE_MS,
    heartbeatInterval: HEARTBEAT_MS,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    maxBytesPerPartition: PARTITION_BYTES,
    minBytes: 1,
    maxBytes: FETCH_BYTES,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxInFlightRequests: 5,
    readUncommitted: false,
    retry: { ...FEW_RETRIES, restartOnFailure: () => Promise.resolve(false) },
  });
}
