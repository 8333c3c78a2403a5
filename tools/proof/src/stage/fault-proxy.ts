import { connect, createServer, type Server, type Socket } from 'node:net';

export type Direction = 'to-server' | 'to-client';

/** What a link does to what passes it; nothing given: nothing. */
export interface LinkFault {
  /** Added to each piece, one way. */
  latencyMs?: number;
  /** On top, at random from 0 to this; order stays. */
  jitterMs?: number;
  /** Of each connection and direction. */
  bytesPerSecond?: number;
  /** Swallows what goes this way; connections stay open. `both`: half-open, as if the other end had lost its power. */
  drop?: Direction | 'both';
  /** Connections that are made from now on are reset at once. */
  refuse?: boolean;
  /** Each connection is reset once it has carried so many more bytes, both ways together. */
  cutAfterBytes?: number;
}

/** A TCP link on 127.0.0.1 whose faults can be changed while it is in use. */
export class FaultProxy {
  private fault: LinkFault = {};
  private server: Server | undefined;
  private readonly pairs = new Set<Pair>();

  /** @param targetPort on 127.0.0.1  @param random 0 ≤ x < 1, for jitter */
  constructor(
    readonly name: string,
    private readonly targetPort: number,
    private readonly random: () => number = Math.random,
  ) {}

  /** @param port 0: a free one  @returns the port that it listens on */
  async open(port = 0): Promise<number> {
    const server = createServer((client) => this.join(client));
    await new Promise<void>((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', done));
    this.server = server;
    return (server.address() as { port: number }).port;
  }

  /** Replaces the fault before; connections that stand get it too. */
  set(fault: LinkFault): void {
    this.fault = fault;
    for (const pair of this.pairs) pair.carried = 0;
  }

  /** What was swallowed is gone, so connections that had lost bytes are reset: TCP would not go on either. */
  heal(): void {
    this.fault = {};
    for (const pair of this.pairs) if (pair.lossy) pair.reset();
  }

  /** RST to both ends of every connection. @returns how many there were */
  reset(): number {
    const count = this.pairs.size;
    for (const pair of this.pairs) pair.reset();
    return count;
  }

  async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    this.reset();
    await closed;
  }

  private join(client: Socket): void {
    if (this.fault.refuse) {
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, connect(this.targetPort, '127.0.0.1'), () => this.pairs.delete(pair));
    this.pairs.add(pair);
    this.pass(pair, 'to-server');
    this.pass(pair, 'to-client');
  }

  private pass(pair: Pair, direction: Direction): void {
    const [from, to] = direction === 'to-server' ? [pair.client, pair.target] : [pair.target, pair.client];
    let freeAtMs = 0; // when the line of this direction is free again: keeps the order, and the bandwidth
    from.on('data', (piece: Buffer) => {
      const { latencyMs = 0, jitterMs = 0, bytesPerSecond, drop, cutAfterBytes } = this.fault;
      if (drop === direction || drop === 'both') {
        pair.lossy = true;
        return;
      }
      pair.carried += piece.length;
      if (cutAfterBytes !== undefined && pair.carried > cutAfterBytes) return pair.reset();
      const now = performance.now();
      const onLineMs = bytesPerSecond ? (piece.length * 1000) / bytesPerSecond : 0;
      const atMs = Math.max(now + latencyMs + jitterMs * this.random(), freeAtMs) + onLineMs;
      const waits = freeAtMs > now || atMs - now >= 1;
      freeAtMs = atMs;
      if (!waits) {
        if (!to.write(piece)) hold(from, to);
        return;
      }
      from.pause();
      setTimeout(() => {
        if (to.writable && !to.write(piece)) hold(from, to);
        else from.resume();
      }, atMs - now);
    });
    from.on('end', () => setTimeout(() => to.end(), Math.max(0, freeAtMs - performance.now())));
  }
}

/** Back pressure: what cannot be written is not read. */
function hold(from: Socket, to: Socket): void {
  from.pause();
  to.once('drain', () => from.resume());
}

class Pair {
  carried = 0;
  /** Bytes of it were swallowed. */
  lossy = false;

  constructor(
    readonly client: Socket,
    readonly target: Socket,
    gone: () => void,
  ) {
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        other.destroy();
        gone();
      });
    }
  }

  reset(): void {
    this.client.resetAndDestroy();
    this.target.resetAndDestroy();
  }
}
