import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { FrameReader } from '../rpc/frame-reader';
import { within } from './within';

export interface RawAnswer {
  id?: unknown;
  err?: { error: { code: string; message: string; outcome: string; faults: { path: string }[] } };
  response?: unknown;
}

/** A peer that writes any bytes, and reads answers one by one. */
export class RawPeer {
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  private readonly reader = new FrameReader(64 * 1024 * 1024);
  private readonly answers: RawAnswer[] = [];
  private wake: () => void = () => undefined;

  private constructor(readonly socket: Socket) {
    socket.on('error', () => undefined); // a reset is how some connections end
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('data', (bytes) => {
      this.reader.append(bytes);
      for (let frame = this.reader.next(); frame; frame = this.reader.next())
        this.answers.push(JSON.parse(frame.text) as RawAnswer);
      this.wake();
    });
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect(port, '127.0.0.1');
    await within(once(socket, 'connect'), 'a connection');
    return new RawPeer(socket);
  }

  /** Frames a packet as Nest does. */
  static frame(packet: unknown): string {
    const text = typeof packet === 'string' ? packet : JSON.stringify(packet);
    return `${text.length}#${text}`;
  }

  /** Answers that came and were not taken. */
  get unread(): number {
    return this.answers.length;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** The next answer, in the order of arrival. */
  answer(): Promise<RawAnswer> {
    const next = new Promise<RawAnswer>((resolve) => {
      this.wake = () => {
        const answer = this.answers.shift();
        if (answer) resolve(answer);
      };
      this.wake();
    });
    return within(next, 'an answer').finally(() => (this.wake = () => undefined));
  }

  ask(packet: unknown): Promise<RawAnswer> {
    this.write(RawPeer.frame(packet));
    return this.answer();
  }

  untilClosed(): Promise<void> {
    return within(this.closed, 'the end of the connection');
  }

  destroy(): void {
    this.socket.destroy();
  }
}
