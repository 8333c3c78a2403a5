import { BusError } from '@bus/contracts';
import { MAX_FRAME_CHARS, MAX_UNSENT_BYTES } from './bus-socket';
import { RpcConnection, type PendingCall } from './rpc-connection';
import { RawJson, type RpcReply } from './rpc-reply';

export interface BusRpcClientOptions {
  host: string;
  port: number;
  /** Until a connection stands, in ms. Default 2,000. */
  connectTimeoutMs?: number;
  /** Calls without a reply at once; more are `unsent`. Default 4,096. */
  maxInFlight?: number;
  /** Longest frame, in UTF-16 units, that the server takes. Default 1,048,576. */
  maxFrameChars?: number;
}

export interface CallOptions {
  /** Until `timeout`, in ms. 0: none; the caller has a timer of its own and calls `abandon`. */
  timeoutMs: number;
  /** Told the call's id before anything is sent, for `abandon`. */
  onCallId?: (callId: number) => void;
}

interface Waiting {
  call: PendingCall;
  done: (reply: RpcReply<unknown>) => void;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Client of Nest's TCP transport over one connection, made at the first call and again at the next call after it
 * went. A reply finds its call by id, so any number of calls share the connection. Outcomes are values.
 */
export class BusRpcClient {
  private readonly waiting = new Map<string, Waiting>();
  private readonly patterns = new WeakMap<object, string>();
  private connection: RpcConnection | null = null;
  private lastId = 0;
  private isClosed = false;
  private keepsAlive = true;
  private late = 0;

  constructor(private readonly options: BusRpcClientOptions) {}

  /** Replies that came after their call was given up. */
  get lateReplies(): number {
    return this.late;
  }

  /** Calls without a reply. */
  get inFlight(): number {
    return this.waiting.size;
  }

  /** @param pattern an object such as `{ cmd: 'bus.publish' }`, the same one at every call @param data JSON, or `RawJson` */
  call<T>(pattern: object, data: unknown, options: CallOptions): Promise<RpcReply<T>> {
    return new Promise((resolve) => {
      const callId = this.start<T>(pattern, data, resolve, options.timeoutMs);
      options.onCallId?.(callId);
    });
  }

  /**
   * As `call`, without a promise: `done` is called once, never before this returns.
   * @returns the call's id, for `abandon`
   */
  start<T>(pattern: object, data: unknown, done: (reply: RpcReply<T>) => void, timeoutMs = 0): number {
    const callId = ++this.lastId;
    const id = String(callId);
    let call: PendingCall;
    try {
      call = { id, frame: this.frameOf(id, pattern, data), written: false, again: false };
      this.assertRoom(call);
    } catch (cause) {
      queueMicrotask(() => done({ outcome: 'unsent', cause: cause as Error }));
      return callId;
    }
    const timer = timeoutMs > 0 ? setTimeout(() => this.timedOut(id), timeoutMs) : undefined;
    this.waiting.set(id, { call, done: done as Waiting['done'], timer });
    this.connect().send(call);
    return callId;
  }

  /** Gives a call up: its reply will be dropped, its `done` is not called. @returns whether it was waiting */
  abandon(callId: number): boolean {
    return this.take(String(callId)) !== undefined;
  }

  /** The connection no longer keeps the process alive (`false`), or does again. */
  ref(on: boolean): void {
    this.keepsAlive = on;
    this.connection?.ref(on);
  }

  /** Ends the connection; calls without a reply end as `lost`, or `unsent` where they never left. */
  close(): void {
    this.isClosed = true;
    this.connection?.close();
    this.connection = null;
  }

  private frameOf(id: string, pattern: object, data: unknown): string {
    let patternJson = this.patterns.get(pattern);
    if (patternJson === undefined) {
      patternJson = JSON.stringify(pattern);
      this.patterns.set(pattern, patternJson);
    }
    const dataJson = data instanceof RawJson ? data.text : (JSON.stringify(data) ?? 'null');
    return `{"pattern":${patternJson},"data":${dataJson},"id":"${id}"}`;
  }

  private assertRoom(call: PendingCall): void {
    if (this.isClosed) throw new Error('the client was closed');
    const limit = this.options.maxFrameChars ?? MAX_FRAME_CHARS;
    if (call.frame.length > limit) {
      throw new BusError({
        code: 'too_large',
        message: `The call is longer than one frame (${limit} characters).`,
      });
    }
    if (this.waiting.size >= (this.options.maxInFlight ?? 4_096)) throw new Error('too many calls in flight');
    const unsent = this.connection?.unsentBytes ?? 0;
    // A character takes at most three bytes: the socket's own limit is never met.
    if (unsent + call.frame.length * 3 > MAX_UNSENT_BYTES)
      throw new Error('the server does not keep up with reading');
  }

  private connect(): RpcConnection {
    if (this.connection && !this.connection.closed) return this.connection;
    const { host, port, connectTimeoutMs = 2_000, maxFrameChars } = this.options;
    const connection: RpcConnection = new RpcConnection(
      { host, port, connectTimeoutMs },
      { maxFrameChars },
      {
        message: (packet) => this.replied(packet),
        closed: (calls, neverLeft, cause) => this.lost(connection, calls, neverLeft, cause),
      },
    );
    if (!this.keepsAlive) connection.ref(false);
    this.connection = connection;
    return connection;
  }

  private replied(packet: { id?: unknown; err?: unknown; response?: unknown }): void {
    const waiting = this.take(String(packet.id));
    if (!waiting) {
      this.late += 1;
      return;
    }
    const { err } = packet;
    if (err !== undefined && err !== null) waiting.done({ outcome: 'error', error: err });
    else waiting.done({ outcome: 'reply', reply: packet.response });
  }

  private timedOut(id: string): void {
    const waiting = this.take(id);
    if (!waiting) return;
    if (waiting.call.written) waiting.done({ outcome: 'timeout' });
    else waiting.done({ outcome: 'unsent', cause: new Error('no connection in time') });
  }

  private lost(
    connection: RpcConnection,
    calls: PendingCall[],
    neverLeft: ReadonlySet<PendingCall>,
    cause: Error,
  ): void {
    if (this.connection === connection) this.connection = null;
    for (const call of calls) {
      if (neverLeft.has(call) && call.written && !call.again && !this.isClosed) {
        // The connection was dead before the call and nothing of it left.
        call.again = true;
        call.written = false;
        this.connect().send(call);
        continue;
      }
      const waiting = this.take(call.id);
      waiting?.done(neverLeft.has(call) ? { outcome: 'unsent', cause } : { outcome: 'lost', cause });
    }
  }

  private take(id: string): Waiting | undefined {
    const waiting = this.waiting.get(id);
    if (!waiting) return undefined;
    this.waiting.delete(id);
    this.connection?.forget(id);
    clearTimeout(waiting.timer);
    return waiting;
  }
}
