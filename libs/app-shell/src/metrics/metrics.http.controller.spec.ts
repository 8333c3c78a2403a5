import type { NestExpressApplication } from '@nestjs/platform-express';
import { register } from 'prom-client';
import { BusRpcClient } from '../rpc/bus-rpc-client';
import { rpcPortOf } from '../bootstrap';
import { eventually } from '../testing/eventually';
import { startExample } from '../testing/shell-app';
import { MetricsController } from './metrics.http.controller';
import { MetricsRegistry } from './metrics-registry';

const SECRET = 'secret-4711';

describe(MetricsController.name, () => {
  let app: NestExpressApplication;
  let url: string;

  beforeEach(async () => {
    ({ app, url } = await startExample());
  });
  afterEach(() => app.close());

  const metrics = async () => (await fetch(`${url}/metrics`)).text();
  /** Waits for a line: a request is counted when its connection has the whole answer. */
  const line = (text: string) => eventually(async () => (await metrics()).includes(text), text);

  it('serves what Prometheus reads, kept in no cache', async () => {
    const answer = await fetch(`${url}/metrics`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toMatch(/^# HELP process_cpu_seconds_total/m);
  });

  it('measures requests by method, route and status, never by path', async () => {
    for (const path of [`/items/${SECRET}`, `/items/${SECRET}-2`, `/${SECRET}`]) await fetch(url + path);
    await fetch(`${url}/items/broken`);
    await fetch(`${url}/echo`, { method: 'POST', body: SECRET });
    const count = 'bus_http_server_duration_seconds_count';
    await line(`${count}{method="GET",route="/items/:id",status="200"} 2\n`);
    await line(`${count}{method="GET",route="/items/:id",status="500"} 1\n`);
    await line(`${count}{method="GET",route="none",status="404"} 1\n`);
    await line(`${count}{method="POST",route="none",status="415"} 1\n`);
    expect(await metrics()).not.toContain(SECRET);
  });

  it('calls a method that it does not know other: labels are few', async () => {
    for (const method of ['PROPFIND', 'LOCK']) await fetch(`${url}/echo`, { method });
    await line('{method="other",route="none",status="405"} 2\n');
  });

  it('measures calls by pattern, and counts errors by code', async () => {
    const client = new BusRpcClient({ host: '127.0.0.1', port: rpcPortOf(app) });
    for (const cmd of ['echo', 'echo', 'broken', 'refused', SECRET])
      await client.call({ cmd }, SECRET, { timeoutMs: 10_000 });
    client.close();
    const text = await metrics();
    const lines = [
      'bus_rpc_server_duration_seconds_count{pattern="echo",ok="true"} 2',
      'bus_rpc_server_duration_seconds_count{pattern="broken",ok="false"} 1',
      'bus_rpc_server_errors_total{code="internal"} 1',
      'bus_rpc_server_errors_total{code="unavailable"} 1',
      'bus_rpc_server_errors_total{code="not_found"} 1',
    ];
    for (const each of lines) expect(text).toContain(`${each}\n`);
    expect(text).not.toContain(SECRET);
  });

  it('has its own registry, so that two apps can live in one process', async () => {
    const other = await startExample();
    await fetch(`${url}/items/7`);
    await line('route="/items/:id",status="200"} 1\n');
    expect(await (await fetch(`${other.url}/metrics`)).text()).not.toContain('route="/items/:id"');
    expect(other.app.get(MetricsRegistry)).not.toBe(app.get(MetricsRegistry));
    expect(register.getMetricsAsArray()).toEqual([]);
    await other.app.close();
  });
});
