import 'reflect-metadata';
import { ClientProxyFactory, Transport, type ClientProxy } from '@nestjs/microservices';
import { Pool } from 'pg';
import { lastValueFrom } from 'rxjs';
import { benchEvent, OPERATIONS } from '../bus/bench-events';
import { atOnce } from '../measure/at-once';
import type { Drained, Request } from '../rig/contender-process';
import { requestFailed, serveRequests } from '../rig/serve-requests';

/** Plain calls, so many in flight. */
export interface CallsRequest {
  kind: 'calls';
  count: number;
  inFlight: number;
}
export interface Called {
  kind: 'called';
  ms: number;
}

type DrainRequest = Extract<Request, { kind: 'drain' }>;

const EVENTS_IN_FLIGHT = 256;
const POOL = 6;

/**
 * What a developer writes with Nest as it comes: a `ClientProxy` with a text pattern; for each event a row, four calls
 * with a row for each result, and an update.
 */
void run().catch(requestFailed);

async function run(): Promise<void> {
  const client = ClientProxyFactory.create({
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port: Number(process.env['RPC_PORT']) },
  });
  await client.connect();
  const pool = new Pool({ connectionString: process.env['DATABASE_URL'], max: POOL });
  await pool.query(`
    create table written_event (id bigint primary key, body text not null, done_at timestamptz);
    create table written_result (event_id bigint, operation text, status text not null, primary key (event_id, operation))`);
  serveRequests({
    calls: (request: CallsRequest) => calls(client, request),
    drain: (request: DrainRequest) => drain(client, pool, request),
  });
}

async function calls(client: ClientProxy, { count, inFlight }: CallsRequest): Promise<Called> {
  const startedMs = performance.now();
  await atOnce(inFlight, count, (n) => call(client, n, 'bench.noop-1'));
  return { kind: 'called', ms: performance.now() - startedMs };
}

async function drain(client: ClientProxy, pool: Pool, { events, firstId }: DrainRequest): Promise<Drained> {
  const startedMs = performance.now();
  await atOnce(EVENTS_IN_FLIGHT, events, async (n) => {
    const id = firstId + n;
    await pool.query('insert into written_event (id, body) values ($1, $2)', [
      id,
      JSON.stringify(benchEvent(id)),
    ]);
    await Promise.all(
      OPERATIONS.map(async (operation) => {
        const { status } = await call(client, id, operation);
        await pool.query('insert into written_result values ($1, $2, $3)', [id, operation, status]);
      }),
    );
    await pool.query('update written_event set done_at = clock_timestamp() where id = $1', [id]);
  });
  const ms = performance.now() - startedMs;
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::int as count from written_result where event_id >= $1',
    [firstId],
  );
  return { kind: 'drained', ms, results: rows[0]?.count ?? 0 };
}

function call(client: ClientProxy, id: number, operation: string): Promise<{ status: string }> {
  const request = {
    contract: 1,
    operation,
    executionId: `${operation}/${id}`,
    attempt: 1,
    deadlineMs: 5000,
    event: benchEvent(id),
  };
  return lastValueFrom(client.send<{ status: string }>('execute', request));
}
