/**
 * How a call ended: a value, never an exception.
 * `reply`: the handler answered. `error`: the server answered an error (an `ErrorAnswer` where it is the bus's).
 * `timeout`: nothing came in time; the call may still run. `unsent`: known never written, safe to send again.
 * `lost`: written, then the connection went; the call may have run.
 */
export type RpcReply<T> =
  | { outcome: 'reply'; reply: T }
  | { outcome: 'error'; error: unknown }
  | { outcome: 'timeout' }
  | { outcome: 'unsent'; cause: Error }
  | { outcome: 'lost'; cause: Error };

/** JSON text that goes into the frame as it is: a payload that was stored as text is not parsed and written again. */
export class RawJson {
  constructor(readonly text: string) {}
}
