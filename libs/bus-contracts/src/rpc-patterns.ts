/**
 * Nest TCP patterns. Objects, never strings: a string pattern costs the server a failed JSON parse per call.
 */
export const RPC = {
  publish: { cmd: 'bus.publish' },
  publishBatch: { cmd: 'bus.publishBatch' },
  cancel: { cmd: 'bus.cancel' },
  reschedule: { cmd: 'bus.reschedule' },
  getEvent: { cmd: 'bus.getEvent' },
  execute: { cmd: 'operation.execute' },
  describe: { cmd: 'operation.describe' },
} as const;

/** What every call to bus-producer carries beside its own data. */
export interface RpcEnvelope {
  /** W3C Trace Context `traceparent` of the caller's span. */
  traceparent?: string;
  /** Caller token, where authentication is on. */
  token?: string;
}
