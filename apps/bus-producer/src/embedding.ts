/** The door for tools/bench: this app inside a process that measures it. */
export { readConfig, type BusProducerConfig } from './bus-producer.config';
export { BrokerEventPublisher } from './publish/broker-event-publisher';
export { startOptions } from './start-options';
