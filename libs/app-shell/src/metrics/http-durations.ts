import type { NextFunction, Request, Response } from 'express';
import { Histogram } from 'prom-client';
import { DURATION_BUCKETS, type MetricsRegistry } from './metrics-registry';

/** Middleware: time from request to answer, by the route's pattern, never by the path. */
export function httpDurations(registry: MetricsRegistry) {
  const durations = new Histogram({
    name: 'bus_http_server_duration_seconds',
    help: 'Time from a request to its answer, by route',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_BUCKETS,
    registers: [registry],
  });
  return (request: Request, response: Response, next: NextFunction): void => {
    const startMs = performance.now();
    response.once('close', () => {
      const route = (request.route as { path?: unknown } | undefined)?.path;
      durations.observe(
        {
          method: KNOWN_METHODS.has(request.method) ? request.method : 'other',
          route: typeof route === 'string' ? route : 'none',
          status: response.writableFinished ? response.statusCode : 'aborted',
        },
        (performance.now() - startMs) / 1000,
      );
    });
    next();
  };
}

const KNOWN_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
