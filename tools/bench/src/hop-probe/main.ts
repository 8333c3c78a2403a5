import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { RPC } from '@bus/contracts';
import { executionIdOf } from '@bus/domain';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';
import { benchEvent, OPERATIONS, SOURCE } from '../bus/bench-events';
import { median } from '../measure/statistics';
import type { Request, Steadied } from '../rig/contender-process';

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

const POOL = 6;

/** The least that an event can take: a commit, a call over Nest's ClientTCP, a commit. Nothing is kept or promised. */
void run().catch(failed);

async function run(): Promise<void> {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: Number(process.env['RPC_PORT']) },
  });
  await client.connect();
  const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: POOL });
  await pool.query('create table hop (id bigserial primary key, body text not null)');
  const probe = new HopProbe(client, pool);
  process.on('message', (request: Request | HopsRequest) => {
    if (request.kind === 'stop') process.disconnect();
    if (request.kind === 'hops') void probe.hops(request).then((answer) => process.send?.(answer), failed);
    if (request.kind === 'steady')
      void probe.steady(request).then((answer) => process.send?.(answer), failed);
  });
  process.once('disconnect', () => process.exit());
  process.send?.({ kind: 'ready', settings: {}, versions: {} });
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
  async steady({ perSecond, seconds, firstId }: Extract<Request, { kind: 'steady' }>): Promise<Steadied> {
    const startedMs = performance.now();
    const events: Promise<number>[] = [];
    for (let n = 0; n < perSecond * seconds; n += 1) {
      const dueMs = startedMs + (n * 1000) / perSecond;
      const inMs = dueMs - performance.now();
      if (inMs > 0) await pause(inMs);
      events.push(this.event(firstId + n).then(() => performance.now() - dueMs));
    }
    return { kind: 'steadied', latenciesMs: await Promise.all(events) };
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

/** Nest rejects with the error's object as it came. */
function failed(error: Error | object): void {
  const message = error instanceof Error ? error.stack : JSON.stringify(error);
  process.send?.({ kind: 'failed', message });
}
