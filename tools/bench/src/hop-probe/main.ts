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

/** Each hop alone, one after another. */
export interface HopsRequest {
  kind: 'hops';
  count: number;
}
/** Medians. */
export interface Hops {
  kind: 'hopped';
  commitMs: number;
  rpcMs: number;
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

  async hops({ count }: HopsRequest): Promise<Hops> {
    const [commits, calls]: [number[], number[]] = [[], []];
    for (let n = 0; n < count; n += 1) {
      const startedMs = performance.now();
      await this.commit(n);
      const calledMs = performance.now();
      await this.call(n, OPERATIONS[0]);
      commits.push(calledMs - startedMs);
      calls.push(performance.now() - calledMs);
    }
    return { kind: 'hopped', commitMs: median(commits), rpcMs: median(calls) };
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
