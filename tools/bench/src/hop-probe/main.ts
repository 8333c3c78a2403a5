import 'reflect-metadata';
import { RPC } from '@bus/contracts';
import { executionIdOf } from '@bus/domain';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';
import { benchEvent, OPERATIONS, SOURCE } from '../bus/bench-events';
import { onSchedule } from '../measure/on-schedule';
import { median } from '../measure/statistics';
import type { Request, Steadied } from '../rig/contender-process';
import { requestFailed, serveRequests } from '../rig/serve-requests';

/** Each hop timed by itself: a commit, one call, a commit, one after another. */
export interface HopsRequest {
  kind: 'hops';
  count: number;
  /** How many start in a second, at fixed instants; null: each one right after the one before. */
  perSecond: number | null;
}
/** Medians, from a hop's start to its end: what a timer is late by is not in them. */
export interface Hops {
  kind: 'hopped';
  commitMs: number;
  rpcMs: number;
  secondCommitMs: number;
}

type SteadyRequest = Extract<Request, { kind: 'steady' }>;

const POOL = 6;

/** The least that an event can take: a commit, a call over Nest's ClientTCP, a commit. Nothing is kept or promised. */
void run().catch(requestFailed);

async function run(): Promise<void> {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: Number(process.env['RPC_PORT']) },
  });
  await client.connect();
  const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: POOL });
  await pool.query('create table hop (id bigserial primary key, body text not null)');
  const probe = new HopProbe(client, pool);
  serveRequests({
    hops: (request: HopsRequest) => probe.hops(request),
    steady: (request: SteadyRequest) => probe.steady(request),
  });
}

class HopProbe {
  constructor(
    private readonly client: ClientProxy,
    private readonly pool: Pool,
  ) {}

  async hops({ count, perSecond }: HopsRequest): Promise<Hops> {
    const timed = async (n: number) => {
      const startedMs = performance.now();
      await this.commit(n);
      const calledMs = performance.now();
      await this.call(n, OPERATIONS[0]);
      const repliedMs = performance.now();
      await this.commit(n);
      const endedMs = performance.now();
      return { commit: calledMs - startedMs, rpc: repliedMs - calledMs, second: endedMs - repliedMs };
    };
    const found: Awaited<ReturnType<typeof timed>>[] = [];
    if (perSecond === null) for (let n = 0; n < count; n += 1) found.push(await timed(n));
    else found.push(...(await onSchedule(count, perSecond, timed)));
    return {
      kind: 'hopped',
      commitMs: median(found.map(({ commit }) => commit)),
      rpcMs: median(found.map(({ rpc }) => rpc)),
      secondCommitMs: median(found.map(({ second }) => second)),
    };
  }

  /** On the schedule of the contenders: what waits behind a stall waits here as there. */
  async steady({ perSecond, seconds, firstId }: SteadyRequest): Promise<Steadied> {
    const latenciesMs = await onSchedule(perSecond * seconds, perSecond, async (n, dueMs) => {
      await this.event(firstId + n);
      return performance.now() - dueMs;
    });
    return { kind: 'steadied', latenciesMs };
  }

  private async event(id: number): Promise<void> {
    await this.commit(id);
    await Promise.all(OPERATIONS.map((operation) => this.call(id, operation)));
    await this.commit(id);
  }

  private async commit(id: number): Promise<void> {
    await this.pool.query({
      name: 'hop',
      text: 'insert into hop (body) values ($1)',
      values: [JSON.stringify(benchEvent(id))],
    });
  }

  private async call(id: number, operation: string): Promise<void> {
    const { source = SOURCE, messageId = '' } = benchEvent(id);
    const executionId = executionIdOf({ source, messageId }, operation);
    const request = {
      contract: 1,
      operation,
      executionId,
      attempt: 1,
      deadlineMs: 5000,
      effect: 'at_least_once',
    };
    const event = { ...benchEvent(id), occurredAt: new Date().toISOString() };
    await lastValueFrom(this.client.send(RPC.execute, { ...request, event }));
  }
}
