import type { Socket } from 'node:net';
import type { Fault } from '@bus/contracts';
import { JsonSocket } from '@nestjs/microservices';
import { FrameError, FrameReader, UNIT_HINT, type Frame, type FrameFaultCode } from './frame-reader';

/** Looks at a frame's raw text before it is parsed: depth, repeated keys, numbers that JSON cannot carry. */
export type InspectFrame = (text: string) => readonly Fault[];

export interface BusSocketOptions {
  /** Longest frame in UTF-16 units. Default 1,048,576. */
  maxFrameChars?: number;
  /** Bytes that may wait for a peer that does not read; above it the connection is closed. Default 4 MB. */
  maxUnsentBytes?: number;
  /** Longest pause within a frame, in ms. Default 5,000. */
  incompleteMs?: number;
  /** Longest time for one frame, in ms: a byte now and then does not prolong it. Default 10,000. */
  frameDeadlineMs?: number;
  /**
   * Stop reading while more than 512 KB wait to be sent. For servers only: were both ends to do it, two busy
   * peers could wait for each other for ever. Default false.
   */
  pauseWhenBackedUp?: boolean;
  inspectFrame?: InspectFrame;
}

export const MAX_FRAME_CHARS = 1024 * 1024;
export const MAX_UNSENT_BYTES = 4 * 1024 * 1024;
const PAUSE_ABOVE_BYTES = 512 * 1024;
/** How long a paused peer may read nothing at all before it is closed. */
const NOT_READING_MS = 30_000;

const faultsOf = new WeakMap<object, readonly Fault[]>();

/** What `inspectFrame` (or the UTF-8 check) found in the frame that a message came from. */
export function frameFaults(message: object): readonly Fault[] | undefined {
  return faultsOf.get(message);
}

/**
 * Nest's TCP framing with what it lacks: no Nagle delay, one write per tick, exact length checks, a deadline per
 * frame. Same wire format. Nest hands no limits to a `socketClass` of one's own: they are given here.
 */
export class BusSocket extends JsonSocket {
  private readonly frames: FrameReader;
  private readonly options: Required<Omit<BusSocketOptions, 'inspectFrame'>> &
    Pick<BusSocketOptions, 'inspectFrame'>;
  private stopped = false;
  /** Frames of this tick, as one text: a write for each would cost more than the frame. */
  private unwritten = '';
  private callbacks: ((error?: Error | null) => void)[] = [];
  private readingPaused = false;
  private frameSinceMs = 0;
  private lastByteMs = 0;
  private watch: NodeJS.Timeout | null = null;
  private readonly writeAll = () => {
    if (this.unwritten === '') return; // a large answer did not wait for the end of the tick
    const { unwritten, callbacks, socket } = this;
    this.unwritten = '';
    this.callbacks = [];
    if (!socket.writable) return callbacks.forEach((callback) => callback(new Error('connection closed')));
    if (callbacks.length === 0) socket.write(unwritten, 'utf8');
    else socket.write(unwritten, 'utf8', (error) => callbacks.forEach((callback) => callback(error)));
    if (this.options.pauseWhenBackedUp && socket.writableLength > PAUSE_ABOVE_BYTES) this.pauseReading();
  };

  constructor(socket: Socket, options: BusSocketOptions = {}) {
    const limits = {
      maxFrameChars: options.maxFrameChars ?? MAX_FRAME_CHARS,
      maxUnsentBytes: options.maxUnsentBytes ?? MAX_UNSENT_BYTES,
      incompleteMs: options.incompleteMs ?? 5_000,
      frameDeadlineMs: options.frameDeadlineMs ?? 10_000,
      pauseWhenBackedUp: options.pauseWhenBackedUp ?? false,
      inspectFrame: options.inspectFrame,
    };
    super(socket, {
      maxBufferSize: limits.maxFrameChars,
      maxSendBufferSize: limits.maxUnsentBytes,
      incompleteMessageTimeout: limits.incompleteMs,
    });
    this.options = limits;
    this.frames = new FrameReader(limits.maxFrameChars);
    socket.setNoDelay(true);
    socket.on('close', () => {
      this.stopped = true;
      if (this.watch) clearTimeout(this.watch);
    });
  }

  /** Of what the peer has not taken: characters that this end keeps. */
  get unsentLength(): number {
    return this.unwritten.length + this.socket.writableLength;
  }

  /** Writes one frame, at the end of this tick. False: it was not taken, the connection is closed or being closed. */
  sendText(json: string, callback?: (error?: Error | null) => void): boolean {
    const { socket } = this;
    if (!socket.writable) {
      callback?.(new Error('connection closed'));
      return false;
    }
    if (this.unwritten === '') process.nextTick(this.writeAll);
    this.unwritten += `${json.length}#${json}`;
    if (callback) this.callbacks.push(callback);
    if (this.unwritten.length > PAUSE_ABOVE_BYTES) this.writeAll();
    const unsent = this.unsentLength;
    if (unsent <= this.options.maxUnsentBytes) return true;
    this.fail('unsent_over_limit', `peer does not read: ${unsent} bytes unsent`);
    return false;
  }

  protected override handleSend(message: unknown, callback?: (error?: Error | null) => void): void {
    this.sendText(JSON.stringify(message), callback);
  }

  protected override handleData(data: Buffer | string): void {
    if (this.stopped) return;
    this.frames.append(typeof data === 'string' ? Buffer.from(data) : data);
    this.takeFrames();
  }

  protected override handleDataError(error: unknown): void {
    this.stopped = true;
    this.socket.destroy(error instanceof Error ? error : new Error(String(error)));
  }

  private takeFrames(): void {
    let frame: Frame | null;
    let taken = false;
    // `close` comes a tick after a receiver destroyed the socket: the frames behind must not run.
    while (
      !this.stopped &&
      !this.readingPaused &&
      !this.socket.destroyed &&
      (frame = this.frames.next()) !== null
    ) {
      taken = true;
      this.receive(frame);
    }
    this.noteProgress(taken);
  }

  private receive({ text, badUtf8 }: Frame): void {
    const faults = badUtf8 ? [{ path: '', message: 'not UTF-8' }] : this.options.inspectFrame?.(text);
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      // The parser's own message quotes the input.
      throw new FrameError('not_json', `a frame is not JSON${/[^\0-\x7f]/.test(text) ? UNIT_HINT : ''}`);
    }
    if (typeof message !== 'object' || message === null || Array.isArray(message)) {
      throw new FrameError('not_an_object', 'a frame holds no packet');
    }
    if (faults?.length) faultsOf.set(message, faults);
    this.socket.emit('message', message);
  }

  /** Two deadlines, one timer: it is armed when a frame is cut, and looks again by itself; whole frames cost nothing. */
  private noteProgress(taken: boolean): void {
    if (this.stopped) return;
    if (!this.frames.incomplete) {
      this.frameSinceMs = 0;
      return;
    }
    this.lastByteMs = performance.now();
    if (taken || this.frameSinceMs === 0) this.frameSinceMs = this.lastByteMs;
    if (!this.watch) this.arm(Math.min(this.options.incompleteMs, this.options.frameDeadlineMs));
  }

  private arm(afterMs: number): void {
    this.watch = setTimeout(() => this.look(), Math.ceil(afterMs));
    this.watch.unref();
  }

  private look(): void {
    this.watch = null;
    if (this.stopped) return;
    const { incompleteMs, frameDeadlineMs } = this.options;
    const now = performance.now();
    if (this.readingPaused) {
      if (now - this.lastByteMs >= NOT_READING_MS) this.fail('peer_not_reading', 'peer does not read');
      else this.arm(NOT_READING_MS - (now - this.lastByteMs));
      return;
    }
    if (this.frameSinceMs === 0) return;
    const idleLeft = this.lastByteMs + incompleteMs - now;
    const frameLeft = this.frameSinceMs + frameDeadlineMs - now;
    if (frameLeft <= 0)
      this.fail('too_slow', `frame not whole in ${frameDeadlineMs} ms: ${this.frames.describeRest()}`);
    else if (idleLeft <= 0) this.fail('incomplete', `frame not whole: ${this.frames.describeRest()}`);
    else this.arm(Math.min(idleLeft, frameLeft));
  }

  private pauseReading(): void {
    if (this.readingPaused) return;
    this.readingPaused = true;
    this.lastByteMs = performance.now();
    this.socket.pause();
    if (!this.watch) this.arm(NOT_READING_MS);
    this.socket.once('drain', () => {
      this.readingPaused = false;
      this.frameSinceMs = 0;
      this.socket.resume();
      try {
        this.takeFrames();
      } catch (error) {
        this.handleDataError(error);
      }
    });
  }

  private fail(code: FrameFaultCode, message: string): void {
    this.handleDataError(new FrameError(code, message));
  }
}

/** Ends a socket that may have frames of this tick unwritten. */
export function endAfterWrites(socket: Socket): void {
  process.nextTick(() => socket.end());
}
