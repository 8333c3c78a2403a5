export * from './answer';
export * from './rpc/rpc-line';
export * from './rpc/rpc-event-publisher';
export * from './rpc/rpc-event-control';
export * from './http/http-line';
export * from './http/http-event-publisher';
export * from './http/http-event-control';
