import { Injectable } from '@nestjs/common';
import { LIMITS } from '@bus/contracts';
import { Agent } from 'undici';
import { OperationCaller, type CallSignal, type OutgoingCall } from './operation-caller';

/** An output, a reason and the names around them. */
const MOST_REPLY_BYTES = 2 * (LIMITS.outputBytes + LIMITS.reasonBytes) + 16 * 1024;
const CONNECT_MS = 2000;
/** Nothing of the request has left. */
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Calls `http(s)://…` by a POST of the same JSON. Follows no redirect: endpoints are what somebody allowed. */
@Injectable()
export class HttpOperationCaller extends OperationCaller {
  // The dispatcher keeps the time and the number of calls; one request per connection at a time.
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_MS },
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  });

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    const abort = new AbortController();
    void this.post(call, abort.signal).then((signal) => {
      if (!abort.signal.aborted) done(signal);
    });
    return () => abort.abort();
  }

  override async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async post(call: OutgoingCall, signal: AbortSignal): Promise<CallSignal> {
    const body = call.json();
    const first = await this.postOnce(call.operation.endpoint ?? '', body, signal);
    if (first.kind !== 'unreachable' || signal.aborted) return first;
    return this.postOnce(call.operation.endpoint ?? '', body, signal);
  }

  private async postOnce(endpoint: string, body: string, signal: AbortSignal): Promise<CallSignal> {
    try {
      const { origin, pathname, search } = new URL(endpoint);
      const answer = await this.agent.request({
        origin,
        path: pathname + search,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body,
        signal,
      });
      const text = await readText(answer.body);
      if (answer.statusCode !== 200)
        return { kind: 'faulty', reason: `the service answered with status ${answer.statusCode}` };
      if (text === null) return { kind: 'faulty', reason: `the reply is over ${MOST_REPLY_BYTES} bytes` };
      return { kind: 'reply', reply: JSON.parse(text) as unknown };
    } catch (error) {
      if (error instanceof SyntaxError) return { kind: 'faulty', reason: 'the reply is not JSON' };
      const code = codeOf(error);
      return NEVER_SENT.has(code) ? { kind: 'unreachable', reason: code } : { kind: 'unknown', reason: code };
    }
  }
}

/** `null`: too long; the rest is not read. */
async function readText(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<string | null> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > MOST_REPLY_BYTES) {
      body.destroy();
      return null;
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function codeOf(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: unknown[] };
  if (typeof code === 'string' && code !== '') return code;
  const inner = (errors?.[0] ?? null) as { code?: unknown } | null;
  return typeof inner?.code === 'string' ? inner.code : 'the request failed';
}
