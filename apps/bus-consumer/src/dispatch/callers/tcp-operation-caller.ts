import { Injectable } from '@nestjs/common';
import { BusRpcClient, RawJson, type RpcReply } from '@bus/app-shell';
import { RPC, type ErrorAnswer } from '@bus/contracts';
import { OperationCaller, type CallSignal, type OutgoingCall } from './operation-caller';

/** Addresses with a connection: endpoints are configuration, and few. The one not used for longest is closed. */
const MOST_ADDRESSES = 256;
/** The dispatcher bounds calls by each operation's `concurrency`; this only bounds a wrong one. */
const MOST_IN_FLIGHT = 50_000;

/** Calls `tcp://host:port` by Nest's TCP transport, one connection per address. */
@Injectable()
export class TcpOperationCaller extends OperationCaller {
  private readonly clients = new Map<string, BusRpcClient>();

  override call(call: OutgoingCall, done: (signal: CallSignal) => void): () => void {
    const client = this.clientOf(call.operation.endpoint ?? '');
    const data = new RawJson(call.json());
    let callId = client.start<unknown>(RPC.execute, data, (first) => {
      // After a service came back the first call can still meet the refusal: once more, the same attempt.
      if (first.outcome !== 'unsent') return done(signalOf(first));
      callId = client.start<unknown>(RPC.execute, data, (second) => done(signalOf(second)));
    });
    return () => client.abandon(callId);
  }

  override async close(): Promise<void> {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private clientOf(endpoint: string): BusRpcClient {
    let client = this.clients.get(endpoint);
    if (client) this.clients.delete(endpoint);
    else {
      const { hostname, port } = new URL(endpoint);
      const host = hostname.replace(/^\[|\]$/g, '');
      client = new BusRpcClient({ host, port: Number(port), maxInFlight: MOST_IN_FLIGHT });
    }
    this.clients.set(endpoint, client);
    if (this.clients.size > MOST_ADDRESSES) {
      const [[oldest, unused]] = this.clients;
      this.clients.delete(oldest);
      unused.close();
    }
    return client;
  }
}

function signalOf(reply: RpcReply<unknown>): CallSignal {
  switch (reply.outcome) {
    case 'reply':
      return { kind: 'reply', reply: reply.reply };
    case 'error':
      return errorSignal(reply.error);
    case 'unsent':
      return { kind: 'unreachable', reason: textOf(reply.cause) };
    case 'lost':
      return { kind: 'unknown', reason: textOf(reply.cause) };
    case 'timeout':
      return { kind: 'unknown', reason: 'no answer' };
  }
}

/** The bus's own servers say where they have surely not run the call: draining, too many calls. */
function errorSignal(error: unknown): CallSignal {
  const answer = (error as Partial<ErrorAnswer> | null)?.error;
  const code = typeof answer?.code === 'string' ? answer.code : 'unknown';
  const isUnrun = code === 'unavailable' || code === 'rate_limited';
  if (isUnrun && answer?.outcome === 'not_accepted')
    return { kind: 'unreachable', reason: `the service refused the call: ${code}` };
  return { kind: 'faulty', reason: `the service answered with an error: ${code}` };
}

function textOf(cause: Error): string {
  const code = (cause as NodeJS.ErrnoException).code;
  return code ?? cause.message;
}
