import { createServer, type ServerOptions } from 'node:http';
import type { Duplex } from 'node:stream';
import { BusError, ERROR_STATUS, type ErrorCode } from '@bus/contracts';
import { ExpressAdapter } from '@nestjs/platform-express';

/** A request that is not whole by then is answered 408: a slow peer holds no connection for long. */
const REQUEST_MS = 8_000;
const LIMITS: ServerOptions = {
  requestTimeout: REQUEST_MS,
  headersTimeout: REQUEST_MS,
  connectionsCheckingInterval: 1_000,
  maxHeaderSize: 16 * 1024,
  keepAliveTimeout: 65_000, // longer than the usual 60 s of an ingress, which else meets closed connections
};

const CODE_OF_FAULT: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** Express on a Node server with time and size limits, and the canon's answer to what Node refuses by itself. */
export class ExpressFront extends ExpressAdapter {
  constructor(private readonly limits: ServerOptions = {}) {
    super();
  }

  override initHttpServer(): void {
    this.httpServer = createServer({ ...LIMITS, ...this.limits }, this.getInstance());
    this.httpServer.on('clientError', answerClientError);
  }

  /** Ends what is still open: Nest's `forceCloseConnections` knows only the connections of a server that it made. */
  override close(): Promise<unknown> | undefined {
    const closed = super.close();
    this.httpServer?.closeAllConnections();
    return closed;
  }
}

/** @see https://nodejs.org/api/http.html#event-clienterror */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODE_OF_FAULT[error.code ?? ''] ?? 'invalid';
  const body = JSON.stringify(
    new BusError({ code, message: `The request was refused: ${code}.` }).toAnswer(),
  );
  socket.end(
    [
      `HTTP/1.1 ${ERROR_STATUS[code]} ${code}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
