import type { KafkaMessage } from 'kafkajs';
import type { IncomingRecord } from '../broker-record';

const EMPTY = Buffer.alloc(0);

/** A message as the port knows it. kafkajs gathers repeated headers under the first one's place. */
export function toIncomingRecord(partition: number, message: KafkaMessage): IncomingRecord {
  return {
    partition,
    offset: BigInt(message.offset),
    key: message.key,
    value: message.value,
    headers: toHeaders(message.headers),
    appendedAt: new Date(Number(message.timestamp)),
  };
}

function toHeaders(headers: KafkaMessage['headers']): [name: string, value: Buffer][] {
  const pairs: [string, Buffer][] = [];
  for (const [name, value] of Object.entries(headers ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) pairs.push([name, toBytes(one)]);
  }
  return pairs;
}

function toBytes(value: Buffer | string | undefined | null): Buffer {
  if (value === undefined || value === null) return EMPTY;
  return typeof value === 'string' ? Buffer.from(value) : value;
}
