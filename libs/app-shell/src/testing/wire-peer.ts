import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from './eventually';

/** Nest's TCP framing, written anew here so that the code under test is not measured by itself. */
export const frame = (packet: unknown): string => rawFrame(JSON.stringify(packet));
export const rawFrame = (json: string): string => `${json.length}#${json}`;

export interface WireAnswer {
  id: unknown;
  response?: unknown;
  err?: { error: { code: string; message: string; outcome: string; faults: { path: string }[] } };
  isDisposed?: boolean;
}

/** A TCP peer that writes bytes as they are and keeps the answers. */
export class WirePeer {
  /** Every answer that came. */
  readonly answers: WireAnswer[] = [];
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  private text = '';
  private heard: (() => void)[] = [];

  private constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      this.text += chunk;
      this.readAnswers();
    });
    socket.on('close', () => this.wake());
  }

  static async to(port: number): Promise<WirePeer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const peer = new WirePeer(socket);
    await within(once(socket, 'connect'), 'a connection');
    return peer;
  }

  write(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends one packet; its answer is the next one that comes. */
  call(packet: unknown): Promise<WireAnswer> {
    return this.answerTo(frame(packet));
  }

  async answerTo(bytes: string | Buffer): Promise<WireAnswer> {
    const at = this.answers.length;
    this.write(bytes);
    await this.heardAnswers(at + 1);
    return this.answers[at] as WireAnswer;
  }

  /** Resolves when so many answers are there. */
  async heardAnswers(count: number): Promise<void> {
    while (this.answers.length < count) {
      if (this.socket.destroyed) throw new Error('the connection was closed before the answer came');
      await within(new Promise<void>((resolve) => this.heard.push(resolve)), `answer ${count}`);
    }
  }

  /** Until the server has closed the connection. */
  async untilClosed(): Promise<void> {
    if (this.socket.readableEnded) this.socket.end();
    this.socket.once('end', () => this.socket.end());
    await within(this.closed, 'the end of the connection');
  }

  destroy(): void {
    this.socket.destroy();
  }

  private readAnswers(): void {
    for (let i = this.text.indexOf('#'); i > 0; i = this.text.indexOf('#')) {
      const end = i + 1 + Number(this.text.slice(0, i));
      if (this.text.length < end) break;
      this.answers.push(JSON.parse(this.text.slice(i + 1, end)) as WireAnswer);
      this.text = this.text.slice(end);
    }
    this.wake();
  }

  private wake(): void {
    for (const resolve of this.heard.splice(0)) resolve();
  }
}
