export * from './start-postgres';
export * from './create-test-database';
export * from './running-process';
