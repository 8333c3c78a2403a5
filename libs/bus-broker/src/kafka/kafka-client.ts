import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ISocketFactoryArgs, Kafka, logLevel, type LogEntry, type RetryOptions } from 'kafkajs';
import type { BrokerLogger } from '../broker-options';
import { restWhenIdle } from './rest-when-idle';

const KEEP_ALIVE_MS = 60_000;
/** Api key of Produce. @see https://kafka.apache.org/protocol.html#protocol_api_keys */
const PRODUCE = 0;
const API_KEY_AT = 4;

/** Under Jest kafkajs takes other defaults, so every number is given. */
export const FEW_RETRIES: RetryOptions = {
  initialRetryTime: 50,
  maxRetryTime: 400,
  factor: 0.2,
  multiplier: 2,
  retries: 3,
};

export interface KafkaClientOptions {
  brokers: readonly string[];
  clientId: string;
  logger: BrokerLogger;
  /** Default 3,500: what is asked in passing is better asked again soon. */
  requestTimeoutMs?: number;
  /** Called with each Produce request that is written to a socket. */
  onProduce?: () => void;
}

/** A kafkajs client with every option explicit. */
export function kafkaClient(options: KafkaClientOptions): Kafka {
  restWhenIdle();
  return new Kafka({
    brokers: [...options.brokers],
    clientId: options.clientId,
    connectionTimeout: 1_500,
    authenticationTimeout: 3_000,
    requestTimeout: options.requestTimeoutMs ?? 3_500,
    enforceRequestTimeout: true,
    retry: FEW_RETRIES,
    socketFactory: (target) => openSocket(target, options.onProduce),
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => logEntry(entry, options.logger),
  });
}

/** kafkajs reports each try of a connection that it repairs, and each rebalance; the adapters say so once. */
function logEntry(entry: LogEntry, logger: BrokerLogger): void {
  const repaired = /Connection$|BrokerPool$|Consumer$/.test(entry.namespace);
  const level = entry.level === logLevel.ERROR && !repaired ? 'warn' : 'debug';
  const { message, timestamp: _timestamp, stack: _stack, logger: _logger, ...details } = entry.log;
  logger(level, `kafkajs ${entry.namespace}: ${message}`, details);
}

/** As kafkajs's own, and it sees Produce requests leave: only that tells `not_accepted` from `unknown`. */
function openSocket({ host, port, ssl, onConnect }: ISocketFactoryArgs, onProduce?: () => void): Socket {
  const socket = ssl
    ? connectTls({ host, port, servername: host, ...ssl }, onConnect)
    : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  if (onProduce) {
    const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
    socket.write = (chunk: unknown, ...rest: unknown[]) => {
      if (
        Buffer.isBuffer(chunk) &&
        chunk.length > API_KEY_AT + 1 &&
        chunk.readInt16BE(API_KEY_AT) === PRODUCE
      )
        onProduce();
      return write(chunk, ...rest);
    };
  }
  return socket;
}
