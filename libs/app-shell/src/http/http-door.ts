import { BusError } from '@bus/contracts';
import type { NextFunction, Request, Response } from 'express';
import type { DrainState } from '../health/drain-state';
import { newTraceparent, runWithTraceparent } from '../tracing/traceparent';

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;

/** Probes and metrics: no trace, no drain. */
export function isUpkeep(path: string): boolean {
  return path === '/metrics' || path.startsWith('/health/');
}

/** Counts the requests that run, and refuses new ones while the app stops. */
export class HttpDoor {
  private running = 0;
  private whenIdle: (() => void)[] = [];

  constructor(private readonly drain: DrainState) {}

  readonly middleware = (request: Request, response: Response, next: NextFunction): void => {
    if (isUpkeep(request.path)) return next();
    if (this.drain.draining) {
      response.setHeader('Connection', 'close');
      return next(new BusError({ code: 'unavailable', message: 'This process is stopping; send it again.' }));
    }
    this.running += 1;
    response.once('close', () => {
      this.running -= 1;
      if (this.running === 0) for (const resolve of this.whenIdle.splice(0)) resolve();
    });
    next();
  };

  /** Resolves when no request runs. */
  idle(): Promise<void> {
    return this.running === 0 ? Promise.resolve() : new Promise((resolve) => this.whenIdle.push(resolve));
  }
}

/** The caller's trace, or a new one, is current while the request is handled. */
export function traceRequests(request: Request, _response: Response, next: NextFunction): void {
  if (isUpkeep(request.path)) next();
  else runWithTraceparent(newTraceparent(request.header('traceparent')), next);
}

/** A body that is not JSON is refused before it is read. */
export function refuseOtherBodies(request: Request, _response: Response, next: NextFunction): void {
  const length = request.headers['content-length'];
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
  if (!hasBody || JSON_TYPE.test(request.headers['content-type'] ?? '')) return next();
  next(new BusError({ code: 'unsupported_type', message: 'Send application/json, UTF-8, plain or gzip.' }));
}
