import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A body to answer with, or what to do to the connection instead. */
export type Answer =
  { status?: number; headers?: Record<string, string>; body: object | string } | 'hang' | 'reset';

export interface Received {
  headers: IncomingMessage['headers'];
  /** SendSms takes its parameters in the query. */
  query: Record<string, string>;
}

/** Alibaba Cloud's SMS service on loopback, answering as its public documents say. */
export class AliyunServer {
  static readonly bizId = '900619746936498440^0';
  readonly received: Received[] = [];
  /** Answers to the next calls, in order; then `OK`. */
  readonly nextAnswers: Answer[] = [];
  private readonly server = createServer((request, response) => this.answer(request, response));

  /** @returns host and port */
  async start(): Promise<string> {
    await new Promise<void>((ready) => this.server.listen(0, '127.0.0.1', ready));
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** The service's refusals come with status 200. */
  refuse(code: string, message: string): void {
    this.nextAnswers.push({ body: { Code: code, Message: message, RequestId: 'F655A8D5' } });
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const { searchParams } = new URL(request.url ?? '', 'http://aliyun');
    this.received.push({ headers: request.headers, query: Object.fromEntries(searchParams) });
    const ok = { Code: 'OK', Message: 'OK', BizId: AliyunServer.bizId, RequestId: 'F655A8D5' };
    reply(response, this.nextAnswers.shift() ?? { body: ok });
  }
}

function reply(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  if (answer === 'reset') return void response.socket?.resetAndDestroy();
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
  response
    .writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers })
    .end(text);
}
