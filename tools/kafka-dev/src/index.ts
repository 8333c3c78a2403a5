export { kafkaAvailable, type KafkaAvailability } from './java-tools';
export * from './start-kafka';
export { sharedTestKafka } from './shared-test-kafka';
export { stopSharedTestKafka } from './stop-shared-test-kafka';
export { describeWithKafka } from './describe-with-kafka';
