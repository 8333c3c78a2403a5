export * from './app-process';
export * from './apps';
export * from './local-bus';
export * from './readiness';
export * from './terminal';
