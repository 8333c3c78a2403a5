import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from './eventually';
import { frame } from './wire-peer';

export interface SeenCall {
  id: string;
  pattern: unknown;
  data: unknown;
  /** The frame's text. */
  text: string;
  socket: Socket;
  reply(response: unknown): void;
  write(packet: object): void;
}

/** A plain TCP server that speaks Nest's framing and does as the test says: the far end of a client under test. */
export class AnsweringServer {
  readonly sockets: Socket[] = [];
  readonly calls: SeenCall[] = [];
  /** What to do with each call; by default it is kept without an answer. */
  onCall: (call: SeenCall) => void = () => undefined;
  onConnection: (socket: Socket) => void = () => undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      this.onConnection(socket);
      let text = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        for (let i = text.indexOf('#'); i > 0; i = text.indexOf('#')) {
          const end = i + 1 + Number(text.slice(0, i));
          if (text.length < end) break;
          const json = text.slice(i + 1, end);
          text = text.slice(end);
          this.seen(json, socket);
        }
      });
    });
  }

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve) => this.server.listen(port, '127.0.0.1', resolve));
  }

  untilCalls(count: number): Promise<void> {
    return eventually(() => this.calls.length >= count, `call ${count} at the server`);
  }

  /** Takes no connection any more; those that stand stay. */
  stopListening(): void {
    if (this.server.listening) this.server.close();
  }

  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.once('close', resolve));
    const { listening } = this.server;
    this.stopListening();
    for (const socket of this.sockets) socket.destroy();
    return listening ? closed : Promise.resolve();
  }

  private seen(text: string, socket: Socket): void {
    const packet = JSON.parse(text) as { id: string; pattern: unknown; data: unknown };
    const write = (answer: object) => socket.write(frame(answer));
    const reply = (response: unknown) => write({ id: packet.id, response, isDisposed: true });
    const call = { ...packet, text, socket, write, reply };
    this.calls.push(call);
    this.onCall(call);
  }
}
