import { currentTraceparent } from '@bus/app-shell';
import { Pool } from 'undici';
import type { RpcEnvelope } from '@bus/contracts';
import { againPolicy, type AgainOptions } from '../again';
import { notAnswered, notSent, toBusError } from '../answer';

export interface HttpLineOptions extends AgainOptions {
  /** `http://host:port` of bus-producer. */
  url: string;
  /** Until an answer, in ms. Default 6,000. */
  timeoutMs?: number;
  /** Bearer token, where authentication is on. */
  token?: string;
  /** Connections. Default 8. */
  connections?: number;
}

/** Codes of connections that never stood: nothing was sent. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

/** Keep-alive connections to bus-producer's HTTP port. */
export class HttpLine {
  private readonly pool: Pool;
  private readonly again;

  constructor(private readonly options: HttpLineOptions) {
    const timeoutMs = options.timeoutMs ?? 6_000;
    this.pool = new Pool(options.url, {
      connections: options.connections ?? 8,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    this.again = againPolicy(options);
  }

  /** @param body must be safe to say twice @returns `null` for 404 where `mayBeAbsent` @throws BusError */
  ask<T>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    context: RpcEnvelope & { mayBeAbsent?: boolean } = {},
  ): Promise<T> {
    const token = context.token ?? this.options.token;
    const headers = {
      traceparent: context.traceparent ?? currentTraceparent(),
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    };
    const text = body && JSON.stringify(body);
    return this.again.execute(async () => {
      const { status, answer } = await this.once(method, path, text, headers);
      if (status === 404 && context.mayBeAbsent) return null as T;
      if (status >= 400) throw toBusError(answer);
      return answer as T;
    });
  }

  close(): Promise<void> {
    return this.pool.close();
  }

  private async once(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
  ): Promise<{ status: number; answer: unknown }> {
    try {
      const response = await this.pool.request({ method, path, headers, body: body ?? null });
      const text = await response.body.text();
      return { status: response.statusCode, answer: text === '' ? null : JSON.parse(text) };
    } catch (cause) {
      if (NEVER_CONNECTED.has((cause as { code?: string }).code ?? '')) throw notSent(cause);
      throw notAnswered('bus-producer did not answer', cause);
    }
  }
}
