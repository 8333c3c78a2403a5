import { ServerResponse } from 'node:http';
import type { CrashTrigger } from './crash-order';

type End = (this: ServerResponse, ...args: unknown[]) => ServerResponse;

/** Finds the point at which a publish is accepted and its answer about to leave. */
export function watchAnswers(trigger: CrashTrigger): void {
  const prototype = ServerResponse.prototype as unknown as { end: End };
  const { end } = prototype;
  prototype.end = function watched(...args) {
    const { method, url } = this.req;
    const asked = (this.req as { originalUrl?: string }).originalUrl ?? url ?? '';
    if (method === 'POST' && this.statusCode === 202 && asked.startsWith('/v1/events'))
      trigger.reached('publish.before-answer');
    return end.apply(this, args);
  };
}
