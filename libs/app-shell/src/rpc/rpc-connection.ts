import { Socket } from 'node:net';
import { BusSocket, type BusSocketOptions } from './bus-socket';

/** One call on its way. `frame` is kept until a reply: a call that never left is sent again. */
export interface PendingCall {
  id: string;
  frame: string;
  written: boolean;
  /** Sent again once already. */
  again: boolean;
}

export interface ConnectionEvents {
  /** One frame from the server. */
  message(packet: { id?: unknown; err?: unknown; response?: unknown; isDisposed?: unknown }): void;
  /** Called once. `calls`: all without a reply; `neverLeft`: those of them that are known not to have been sent. */
  closed(calls: PendingCall[], neverLeft: ReadonlySet<PendingCall>, cause: Error): void;
}

/** A first write of at most this many characters on an idle connection is taken by the kernel whole or not at all. */
const WHOLE_WRITE_CHARS = 16 * 1024;

/** One TCP connection of a client: queues until it is open, and knows what left. */
export class RpcConnection {
  private readonly socket = new Socket();
  private readonly framed: BusSocket;
  private readonly calls = new Map<string, PendingCall>();
  private open = false;
  private gone = false;
  private cause: Error | null = null;
  /** The calls of the write that ended an idle time; `null` once more than that is on its way. */
  private firstWrite: Set<PendingCall> | null = null;
  private firstWriteChars = 0;
  private firstWriteIsOpen = false;
  /** Characters of the calls that wait for the connection to stand. */
  private queuedChars = 0;
  /** The calls of a first write that the kernel refused: not a byte of them left. */
  private refused: Set<PendingCall> | null = null;
  private connectTimer: NodeJS.Timeout | undefined;

  constructor(
    address: { host: string; port: number; connectTimeoutMs: number },
    options: BusSocketOptions,
    private readonly events: ConnectionEvents,
  ) {
    const { socket } = this;
    this.framed = new BusSocket(socket, options);
    this.framed.on('message', (packet) => this.events.message(packet));
    socket.on('error', (error) => this.failed(error));
    socket.on('close', () => this.ended());
    socket.on('connect', () => this.opened());
    this.connectTimer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${address.connectTimeoutMs} ms`));
    }, address.connectTimeoutMs);
    this.connectTimer.unref();
    socket.connect({ host: address.host, port: address.port });
  }

  /** A new call would not get out of it. */
  get closed(): boolean {
    return (
      this.gone || this.socket.destroyed || (this.open && !this.socket.writable) || this.socket.readableEnded
    );
  }

  /** Bytes that the peer has not taken yet, at most: a character takes up to three. */
  get unsentBytes(): number {
    return this.framed.unsentLength + this.queuedChars * 3;
  }

  send(call: PendingCall): void {
    const idle = this.calls.size === 0 && this.framed.unsentLength === 0;
    this.calls.set(call.id, call);
    if (!this.open) {
      this.queuedChars += call.frame.length;
      return;
    }
    if (idle) this.beginFirstWrite();
    this.write(call);
  }

  /** @returns whether it was on its way */
  forget(id: string): boolean {
    return this.calls.delete(id);
  }

  ref(on: boolean): void {
    if (on) this.socket.ref();
    else this.socket.unref();
  }

  close(): void {
    this.cause ??= new Error('the client was closed');
    this.socket.destroy();
  }

  private opened(): void {
    clearTimeout(this.connectTimer);
    this.open = true;
    this.queuedChars = 0;
    this.beginFirstWrite();
    for (const call of this.calls.values()) this.write(call);
  }

  private write(call: PendingCall): void {
    call.written = true;
    if (!this.firstWriteIsOpen) this.firstWrite = null;
    if (this.firstWrite) {
      this.firstWriteChars += call.frame.length;
      if (this.firstWriteChars > WHOLE_WRITE_CHARS) this.firstWrite = null;
      else this.firstWrite.add(call);
    }
    this.framed.sendText(call.frame);
    // BusSocket writes at the end of this tick, before this runs: what comes later is another write.
    if (this.firstWriteIsOpen) process.nextTick(() => (this.firstWriteIsOpen = false));
  }

  private beginFirstWrite(): void {
    this.firstWrite = new Set();
    this.firstWriteChars = 0;
    this.firstWriteIsOpen = true;
  }

  private failed(error: Error & { syscall?: string }): void {
    this.cause ??= error;
    this.refused ??= error.syscall === 'write' ? this.firstWrite : null;
  }

  private ended(): void {
    if (this.gone) return;
    this.gone = true;
    clearTimeout(this.connectTimer);
    const calls = [...this.calls.values()];
    this.calls.clear();
    const { refused } = this;
    const whole = refused && calls.every((call) => !call.written || refused.has(call));
    const neverLeft = new Set(calls.filter((call) => !call.written || whole));
    this.events.closed(calls, neverLeft, this.cause ?? new Error('the server closed the connection'));
  }
}
