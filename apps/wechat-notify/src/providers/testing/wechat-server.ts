import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TemplateMessage } from '../wechat-api';

/** A body to answer with, or what to do to the connection instead. */
export type Answer = object | { text: string; status?: number } | 'hang' | 'reset';

const MSGID = '2407743384239144960';
const OK_SENT = { text: `{"errcode":0,"errmsg":"ok","msgid":${MSGID}}` };

/** A WeChat on loopback that answers as its public documents say, with tokens that it remembers. */
export class WechatServer {
  /** The `msgid` of each message that it takes: beyond what a JSON number carries. */
  static readonly msgid = MSGID;
  readonly tokenRequests: { appid: string; secret: string; force_refresh: boolean }[] = [];
  /** All that came to `template/send`, refused ones too. */
  readonly sends: { token: string; message: TemplateMessage }[] = [];
  /** Answers to the next calls, in order; then as a healthy WeChat. */
  readonly nextTokenAnswers: Answer[] = [];
  readonly nextSendAnswers: Answer[] = [];
  private token = 'token-1';
  private issued = 1;
  private readonly server = createServer((request, response) => void this.answer(request, response));

  async start(): Promise<string> {
    await new Promise<void>((ready) => this.server.listen(0, '127.0.0.1', ready));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  /** The current token ends; the next one is handed out at the next request. */
  expireToken(): void {
    this.token = `token-${++this.issued}`;
  }

  /** The current token is refused from now on, although it is still handed out. */
  revokeToken(): void {
    this.revoked.add(this.token);
  }

  private readonly revoked = new Set<string>();

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://wechat');
    const body = await json(request);
    if (request.method !== 'POST') return reply(response, { errcode: 43002, errmsg: 'require POST method' });
    if (url.pathname === '/cgi-bin/stable_token') return reply(response, this.stableToken(body));
    if (url.pathname === '/cgi-bin/message/template/send') {
      return reply(response, this.send(url.searchParams.get('access_token') ?? '', body));
    }
    reply(response, { text: 'not found', status: 404 });
  }

  private stableToken(body: unknown): Answer {
    const request = body as (typeof this.tokenRequests)[number];
    this.tokenRequests.push(request);
    const next = this.nextTokenAnswers.shift();
    if (next) return next;
    if (request.force_refresh) this.expireToken();
    return { access_token: this.token, expires_in: 7200 };
  }

  private send(token: string, body: unknown): Answer {
    this.sends.push({ token, message: body as TemplateMessage });
    const next = this.nextSendAnswers.shift();
    if (next) return next;
    if (token !== this.token) return { errcode: 42001, errmsg: 'access_token expired rid: 1' };
    if (this.revoked.has(token)) return { errcode: 40001, errmsg: 'invalid credential rid: 2' };
    return OK_SENT;
  }
}

function reply(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  if (answer === 'reset') return void response.socket?.resetAndDestroy();
  const raw = 'text' in answer ? answer : { text: JSON.stringify(answer) };
  response
    .writeHead(('status' in raw && raw.status) || 200, { 'content-type': 'application/json' })
    .end(raw.text);
}
