export * from './create-store-database';
export * from './ledger-harness';
export * from './history-seed';
export * from './inbox-harness';
export * from './until-waiting';
