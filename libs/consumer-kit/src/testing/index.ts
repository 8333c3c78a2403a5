export * from './consumer-app.conformance';
export * from './operation.conformance';
