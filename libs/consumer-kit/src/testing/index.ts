export * from './operation.conformance';
