import { Agent, request, type Dispatcher } from 'undici';
import { WechatOutcomeUnknownError, WechatUnreachableError } from './wechat.errors';

export interface WechatHttpOptions {
  /** Default in settings: `https://api.weixin.qq.com`. */
  baseUrl: string;
  /** Of one call, from connecting to the last byte; below the operation's own timeout. */
  timeoutMs: number;
}

/** Sockets to WeChat at most. */
const CONNECTIONS = 32;
/** Answers are a few hundred bytes; what is longer is none of WeChat's. */
const ANSWER_BYTES = 64 * 1024;
/** Node and undici errors that come before a byte of the request has left. */
const NEVER_LEFT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** POSTs JSON to WeChat over connections that it keeps. */
export class WechatHttp {
  private readonly agent: Agent;

  constructor(private readonly options: WechatHttpOptions) {
    this.agent = new Agent({
      connections: CONNECTIONS,
      connect: { timeout: Math.ceil(options.timeoutMs / 2) },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxResponseSize: ANSWER_BYTES,
    });
  }

  /**
   * @param path with its query; it may hold the access token, so it is part of no error
   * @returns the answer's text, whatever its `errcode`
   * @throws WechatUnreachableError if nothing left, WechatOutcomeUnknownError if no readable answer came back
   */
  async post(path: string, body: object): Promise<string> {
    try {
      const answer = await request(new URL(path, this.options.baseUrl), {
        method: 'POST',
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(body),
        dispatcher: this.agent,
        signal: AbortSignal.timeout(this.options.timeoutMs),
      });
      return await this.read(answer);
    } catch (error) {
      if (error instanceof WechatOutcomeUnknownError) throw error;
      const code = String((error as { code?: unknown }).code);
      if (NEVER_LEFT.has(code)) throw new WechatUnreachableError(error);
      throw new WechatOutcomeUnknownError(`no answer within ${this.options.timeoutMs} ms (${code})`, error);
    }
  }

  /** Ends all connections; calls in flight are broken off. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async read({ statusCode, body }: Dispatcher.ResponseData): Promise<string> {
    const text = await body.text();
    if (statusCode !== 200) throw new WechatOutcomeUnknownError(`HTTP status ${statusCode}`);
    return text;
  }
}
