import { Counter, Histogram } from 'prom-client';
import { DURATION_BUCKETS, type MetricsRegistry } from '../metrics/metrics-registry';

/** What an RPC server counts. Labels are known patterns, error codes and refusal reasons: never ids. */
export class RpcMetrics {
  private readonly durations: Histogram<'pattern' | 'ok'>;
  private readonly errors: Counter<'code'>;
  private readonly refusals: Counter<'reason'>;
  private readonly known = new Map<
    string,
    { ok: Histogram.Internal<string>; failed: Histogram.Internal<string> }
  >();

  constructor(registry: MetricsRegistry) {
    const registers = [registry];
    this.durations = new Histogram({
      name: 'bus_rpc_server_duration_seconds',
      help: 'Time from a call to its answer, by pattern',
      labelNames: ['pattern', 'ok'],
      buckets: DURATION_BUCKETS,
      registers,
    });
    this.errors = new Counter({
      name: 'bus_rpc_server_errors_total',
      help: 'Calls answered with an error, by code',
      labelNames: ['code'],
      registers,
    });
    this.refusals = new Counter({
      name: 'bus_rpc_server_refused_total',
      help: 'Frames and connections that were refused unrun, by reason',
      labelNames: ['reason'],
      registers,
    });
  }

  /** @param route of a registered handler */
  served(route: string, ok: boolean, durationMs: number): void {
    let children = this.known.get(route);
    if (!children) {
      const pattern = patternLabel(route);
      children = {
        ok: this.durations.labels({ pattern, ok: 'true' }),
        failed: this.durations.labels({ pattern, ok: 'false' }),
      };
      this.known.set(route, children);
    }
    (ok ? children.ok : children.failed).observe(durationMs / 1000);
  }

  answeredError(code: string): void {
    this.errors.inc({ code });
  }

  refused(reason: string): void {
    this.refusals.inc({ reason });
  }
}

/** `{"cmd":"bus.publish"}` → `bus.publish`. */
function patternLabel(route: string): string {
  return /^\{"cmd":"([\w.-]+)"\}$/.exec(route)?.[1] ?? route;
}
