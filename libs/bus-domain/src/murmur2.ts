const SEED = 0x9747b28c | 0;
const M = 0x5bd1e995;

/**
 * Kafka's murmur2 as a signed 32-bit integer.
 * @see https://github.com/apache/kafka, `org.apache.kafka.common.utils.Utils.murmur2`
 */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  const words = length & ~3;
  let hash = SEED ^ length;
  for (let at = 0; at < words; at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    word = Math.imul(word, M);
    word = Math.imul(word ^ (word >>> 24), M);
    hash = Math.imul(hash, M) ^ word;
  }
  const rest = length & 3;
  if (rest === 3) hash ^= bytes[words + 2] << 16;
  if (rest >= 2) hash ^= bytes[words + 1] << 8;
  if (rest >= 1) hash = Math.imul(hash ^ bytes[words], M);
  hash = Math.imul(hash ^ (hash >>> 13), M);
  return hash ^ (hash >>> 15);
}

/**
 * Partition of a record key, the same for every writer that follows Kafka's default: a key's events stay together.
 * @param key text (as UTF-8) or bytes   @param partitions of the topic, at least 1
 */
export function partitionOf(key: string | Uint8Array, partitions: number): number {
  const bytes = typeof key === 'string' ? Buffer.from(key, 'utf8') : key;
  return (murmur2(bytes) & 0x7fffffff) % partitions;
}
