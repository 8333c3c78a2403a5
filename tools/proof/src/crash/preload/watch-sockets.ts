import { Socket } from 'node:net';
import type { CrashTrigger } from './crash-order';

/** As the bus's client writes a call, `length#{"pattern":…`: those of one tick in one text. Escaped within a text. */
const EXECUTE = /\d+#\{"pattern":\{"cmd":"operation\.execute"\}/g;
/** Within a reply; a text that holds it would be escaped. */
const REPLY = /"response":\{/g;
/** Api key of Produce, behind the length of a request. @see https://kafka.apache.org/protocol.html#protocol_api_keys */
const PRODUCE = 0;
const API_KEY_AT = 4;
/** Calls under way beyond the hit, when the process begins to stop: some end while its handler of SIGTERM begins. */
const SPARE_CALLS = 2;
/** An older call may have been given up by now. */
const UNDER_WAY_MS = 800;

type Write = (this: Socket, chunk: unknown, ...rest: unknown[]) => boolean;

/** Finds the points around calls of services, around Kafka's Produce, and in the middle of a stop. */
export function watchSockets(trigger: CrashTrigger): void {
  const prototype = Socket.prototype as unknown as { write: Write };
  const { write } = prototype;
  const calls = new CallCount(trigger);
  prototype.write = function watched(chunk, ...rest) {
    if (isProduce(chunk)) {
      const taken = write.call(this, chunk, ...rest);
      trigger.reached('publish.after-send');
      return taken;
    }
    const frames = typeof chunk === 'string' ? [...chunk.matchAll(EXECUTE)] : [];
    if (frames.length === 0) return write.call(this, chunk, ...rest);
    for (const _ of frames) trigger.reached('rpc.before-send');
    calls.watch(this);
    const taken = write.call(this, chunk, ...rest);
    process.nextTick(() => {
      for (const _ of frames) {
        trigger.reached('rpc.after-send');
        calls.sent();
      }
    });
    return taken;
  };
}

/** Sees replies before the bus does. With `stop.mid-drain`: asks the process to stop while calls are under way. */
class CallCount {
  private readonly watched = new WeakSet<Socket>();
  /** When calls without a reply were sent, oldest first. */
  private sentAtMs: number[] = [];
  private isAsked = false;
  private isStopping = false;

  constructor(private readonly trigger: CrashTrigger) {
    if (trigger.waitsFor('stop.mid-drain')) process.on('SIGTERM', () => (this.isStopping = true));
  }

  watch(socket: Socket): void {
    if (this.watched.has(socket)) return;
    this.watched.add(socket);
    const emit = socket.emit.bind(socket) as (event: string | symbol, ...args: unknown[]) => boolean;
    socket.emit = (event: string | symbol, ...args: unknown[]) => {
      if (event === 'data') this.received(String(args[0]));
      return emit(event, ...args);
    };
  }

  sent(): void {
    if (this.isAsked || !this.trigger.waitsFor('stop.mid-drain')) return;
    const nowMs = performance.now();
    this.sentAtMs = this.sentAtMs.filter((atMs) => nowMs - atMs < UNDER_WAY_MS);
    this.sentAtMs.push(nowMs);
    if (this.sentAtMs.length < this.trigger.order.hit + SPARE_CALLS) return;
    this.isAsked = true;
    process.kill(process.pid, 'SIGTERM');
  }

  private received(text: string): void {
    for (const _ of text.matchAll(REPLY)) {
      this.sentAtMs.shift();
      this.trigger.reached('rpc.after-reply');
      if (this.isStopping) this.trigger.reached('stop.mid-drain');
    }
  }
}

function isProduce(chunk: unknown): boolean {
  return (
    Buffer.isBuffer(chunk) &&
    chunk.length > API_KEY_AT + 1 &&
    chunk.readInt32BE(0) === chunk.length - API_KEY_AT &&
    chunk.readInt16BE(API_KEY_AT) === PRODUCE
  );
}
