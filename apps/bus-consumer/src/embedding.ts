/** The door for tools/bench: this app inside a process that measures it, its calls carried by another port's end. */
export { bootOptions } from './boot-options';
export { readConfig, type BusConsumerConfig } from './bus-consumer.config';
export { BusConsumerModule } from './bus-consumer.module';
export { OperationCaller, OutgoingCall, type CallSignal } from './dispatch/callers/operation-caller';
export { ActiveGraphs } from './graphs/active-graphs';
