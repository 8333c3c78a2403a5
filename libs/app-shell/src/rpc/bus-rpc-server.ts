import type { Socket } from 'node:net';
import { BusError, type ErrorAnswer, type Fault } from '@bus/contracts';
import { Logger } from '@nestjs/common';
import {
  ServerTCP,
  TcpContext,
  type CustomTransportStrategy,
  type MessageHandler,
  type MsPattern,
} from '@nestjs/microservices';
import { isObservable } from 'rxjs';
import { newTraceparent, runWithTraceparent } from '../tracing/traceparent';
import { BusSocket, endAfterWrites, MAX_FRAME_CHARS, frameFaults, type BusSocketOptions } from './bus-socket';
import { isCallId, isPattern, type Packet } from './packet';
import { FrameError } from './frame-reader';
import { lastOf } from './last-of';
import { PeerLogLimit } from './peer-log-limit';
import type { RpcMetrics } from './rpc-metrics';

export interface BusRpcServerOptions extends Omit<BusSocketOptions, 'pauseWhenBackedUp'> {
  host: string;
  /** 0 takes a free one: `port` tells which. */
  port: number;
  /** Connections at once; more are closed. Default 500. */
  maxConnections?: number;
  /**
   * Patterns whose handlers judge by themselves what `inspectFrame` found: given as the third argument of their
   * context (`context.getArgByIndex(2)`). Other frames with faults are refused unrun.
   */
  handsOnFaults?: (pattern: unknown) => boolean;
  metrics?: RpcMetrics;
}

type TcpArguments = ConstructorParameters<typeof TcpContext>[0];

/** Frames without an id that a connection may send before it is closed. */
const MAX_REFUSED = 100;

/**
 * Nest's TCP server with limits, for `connectMicroservice({ strategy })`. Same wire format. What differs: a frame
 * without an id is not run (its sender would never learn of a fault); every error is an `ErrorAnswer`; the trace of
 * the caller (`data.traceparent`) is current while the handler runs; `drain()` ends connections when they are idle.
 */
export class BusRpcServer extends ServerTCP implements CustomTransportStrategy {
  private readonly log = new Logger(BusRpcServer.name);
  private readonly logLimit = new PeerLogLimit();
  private readonly inFlight = new Map<Socket, number>();
  private draining = false;
  private whenIdle: (() => void)[] = [];
  private readonly metrics: RpcMetrics | undefined;

  constructor(private readonly settings: BusRpcServerOptions) {
    super({ host: settings.host, port: settings.port });
    this.metrics = settings.metrics;
    this.server.maxConnections = settings.maxConnections ?? 500;
    this.server.on('drop', (peer) => this.refused('too_many_connections', peer?.remoteAddress));
  }

  /** The port it listens on. */
  get listeningPort(): number {
    const address = this.server.address();
    return typeof address === 'object' && address ? address.port : this.port;
  }

  /** Calls that run now. */
  get callsInFlight(): number {
    let calls = 0;
    for (const count of this.inFlight.values()) calls += count;
    return calls;
  }

  override listen(callback: (error?: unknown) => void): void {
    const failed = (error: Error) => callback(error);
    this.server.once('error', failed);
    this.server.listen(this.port, this.host, () => {
      this.server.off('error', failed);
      callback();
    });
  }

  /**
   * Takes no new connection, answers new calls `unavailable` (`not_accepted`: nothing ran), ends each connection
   * once its calls are answered. Resolves when none runs.
   */
  drain(): Promise<void> {
    this.draining = true;
    if (this.server.listening) this.server.close();
    for (const socket of this.openSockets) if (!this.inFlight.get(socket)) endAfterWrites(socket);
    if (this.inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }

  override close(): void {
    this.isManuallyTerminated = true;
    if (this.server.listening) this.server.close();
    this.closeOpenSockets();
  }

  override bindHandler(socket: Socket): void {
    this.trackOpenSocket(socket);
    const peer = socket.remoteAddress;
    const reader = this.getSocketInstance(socket);
    let withoutId = 0;
    reader.on('message', (packet: Packet) => {
      if (packet.id === undefined) {
        withoutId += 1;
        this.refused('no_id', peer);
        if (withoutId >= MAX_REFUSED)
          socket.destroy(new FrameError('too_many_refused', 'too many frames without an id'));
        return;
      }
      void this.handleMessage(reader, packet);
    });
    socket.on('error', (error: Error) => {
      this.refused(error instanceof FrameError ? error.code : 'connection_error', peer, error);
    });
  }

  /** Answers one call. Never rejects. */
  override async handleMessage(socket: BusSocket, packet: Packet): Promise<void> {
    const { id } = packet;
    if (!isCallId(id))
      return this.answerError(socket, null, invalid('id', 'a text of at most 128 characters'));
    const faults = frameFaults(packet);
    if (faults && !this.settings.handsOnFaults?.(packet.pattern))
      return this.answerError(socket, id, new BusError({ code: 'invalid', message: FAULTY_FRAME, faults }));
    if (!isPattern(packet.pattern))
      return this.answerError(socket, id, invalid('pattern', 'too deep or too wide'));
    const route = this.routeOf(packet.pattern);
    const handler = this.messageHandlers.get(route);
    if (!handler || handler.isEventHandler) return this.answerError(socket, id, unknownPattern());
    if (this.draining) return this.answerError(socket, id, stopping());
    await this.run(socket, { id, data: packet.data, faults }, route, handler);
  }

  protected override getSocketInstance(socket: Socket): BusSocket {
    return new BusSocket(socket, { ...this.settings, pauseWhenBackedUp: true });
  }

  private async run(
    socket: BusSocket,
    { id, data, faults }: { id: string | number; data: unknown; faults?: readonly Fault[] },
    route: string,
    handler: MessageHandler,
  ): Promise<void> {
    const connection = socket.netSocket;
    const startMs = performance.now();
    let ok = false;
    this.inFlight.set(connection, (this.inFlight.get(connection) ?? 0) + 1);
    try {
      const parent = (data as { traceparent?: string } | null | undefined)?.traceparent;
      const result: unknown = await runWithTraceparent(newTraceparent(parent), () =>
        handler(data, new TcpContext([socket, route, faults] as unknown as TcpArguments)),
      );
      const response = isObservable(result) ? await lastOf(result) : result;
      ok = this.answer(socket, id, response);
    } catch (error) {
      this.answerError(socket, id, error);
    } finally {
      this.ended(connection);
      this.metrics?.served(route, ok, performance.now() - startMs);
    }
  }

  private answer(socket: BusSocket, id: string | number, response: unknown): boolean {
    const text = JSON.stringify({ id, response, isDisposed: true });
    if (text.length > (this.settings.maxFrameChars ?? MAX_FRAME_CHARS)) {
      throw new BusError({
        code: 'internal',
        message: 'The answer is larger than one frame.',
        outcome: 'unknown',
      });
    }
    return socket.sendText(text);
  }

  /** Errors that passed the app's filters are answers already; others are not told to the caller. */
  private answerError(socket: BusSocket, id: string | number | null, error: unknown): void {
    const err = isAnswer(error)
      ? error
      : error instanceof BusError
        ? error.toAnswer()
        : internal().toAnswer();
    if (err.error.code === 'internal' && !isAnswer(error))
      this.log.error({ err: error }, 'an RPC call failed');
    this.metrics?.answeredError(err.error.code);
    socket.sendText(JSON.stringify({ id, err, status: 'error', isDisposed: true }));
  }

  /** Nest's route of a pattern; `{cmd}` without Nest's sorting, a text without a failed JSON parse. */
  private routeOf(pattern: unknown): string {
    if (typeof pattern === 'string')
      return pattern.startsWith('{') ? this.getRouteFromPattern(pattern) : pattern;
    return this.normalizePattern(pattern as MsPattern);
  }

  private ended(connection: Socket): void {
    const left = (this.inFlight.get(connection) ?? 1) - 1;
    if (left > 0) this.inFlight.set(connection, left);
    else this.inFlight.delete(connection);
    if (!this.draining) return;
    if (left <= 0) endAfterWrites(connection);
    if (this.inFlight.size > 0) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private refused(reason: string, peer: string | undefined, error?: Error): void {
    this.metrics?.refused(reason);
    if (!this.logLimit.allows(peer ?? 'unknown', performance.now())) return;
    this.log.warn({ reason, peer, detail: error?.message }, 'an RPC frame or connection was refused');
  }
}

const FAULTY_FRAME = 'The frame holds what the bus does not accept; nothing was run.';

function invalid(path: string, message: string): BusError {
  return new BusError({ code: 'invalid', message: FAULTY_FRAME, faults: [{ path: `/${path}`, message }] });
}

function unknownPattern(): BusError {
  return new BusError({ code: 'not_found', message: 'This service has no handler for the pattern.' });
}

function stopping(): BusError {
  return new BusError({
    code: 'unavailable',
    message: 'This process is stopping; call again on a new connection.',
  });
}

function internal(): BusError {
  return new BusError({
    code: 'internal',
    message: 'Something failed here; see the log.',
    outcome: 'unknown',
  });
}

function isAnswer(error: unknown): error is ErrorAnswer {
  const inner = (error as ErrorAnswer | null | undefined)?.error;
  return (
    typeof inner === 'object' &&
    inner !== null &&
    typeof inner.code === 'string' &&
    Array.isArray(inner.faults)
  );
}
