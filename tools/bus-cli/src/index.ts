export * from './admin-api';
export * from './apply-operations';
export * from './operations-file.errors';
export * from './read-operations';
export * from './render-plan';
export * from './render-event';
export * from './show-event';
