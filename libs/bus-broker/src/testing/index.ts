export * from './broker.conformance';
export * from './broker-harness';
export * from './in-memory-broker';
export * from './recording-receiver';
