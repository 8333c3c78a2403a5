export * from './app-process';
export * from './apps';
export * from './build-apps';
export * from './local-bus';
export * from './readiness';
export * from './run-once';
export * from './terminal';
