import { BusRpcClient, currentTraceparent, type BusRpcClientOptions } from '@bus/app-shell';
import type { RpcEnvelope } from '@bus/contracts';
import { againPolicy, type AgainOptions } from '../again';
import { notAnswered, notSent, toBusError } from '../answer';

export interface RpcLineOptions extends BusRpcClientOptions, AgainOptions {
  /** Until an answer, in ms. Default 6,000: bus-producer answers within 5 s. */
  timeoutMs?: number;
  /** Caller token, where authentication is on. */
  token?: string;
}

/** One connection to bus-producer's RPC port. Answers are values of the contract, failures are BusErrors. */
export class RpcLine {
  private readonly client: BusRpcClient;
  private readonly again;

  constructor(private readonly options: RpcLineOptions) {
    this.client = new BusRpcClient(options);
    this.again = againPolicy(options);
  }

  /** @param data must be safe to say twice @throws BusError */
  ask<T>(pattern: object, data: object, context: RpcEnvelope = {}): Promise<T> {
    const traceparent = context.traceparent ?? currentTraceparent();
    const token = context.token ?? this.options.token;
    const envelope = { ...data, traceparent, ...(token ? { token } : {}) };
    return this.again.execute(() => this.once<T>(pattern, envelope));
  }

  close(): void {
    this.client.close();
  }

  private async once<T>(pattern: object, data: object): Promise<T> {
    const reply = await this.client.call<T>(pattern, data, { timeoutMs: this.options.timeoutMs ?? 6_000 });
    switch (reply.outcome) {
      case 'reply':
        return reply.reply;
      case 'error':
        throw toBusError(reply.error);
      case 'unsent':
        throw notSent(reply.cause);
      case 'timeout':
        throw notAnswered('bus-producer did not answer in time');
      case 'lost':
        throw notAnswered('the connection to bus-producer broke before its answer', reply.cause);
    }
  }
}
