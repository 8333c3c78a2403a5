import type { OperationRequest } from '@bus/contracts';

const deadlines = new WeakMap<OperationRequest, { endsAtMs: number; nowMs: () => number }>();

/** Starts a request's time: `deadlineMs` from now on this process's monotonic clock. */
export function startDeadline(request: OperationRequest, nowMs: () => number): void {
  deadlines.set(request, { endsAtMs: nowMs() + request.deadlineMs, nowMs });
}

/** Its caller has stopped waiting: nothing may begin. False for a request whose time was never started. */
export function deadlinePassed(request: OperationRequest): boolean {
  const deadline = deadlines.get(request);
  return deadline !== undefined && deadline.nowMs() >= deadline.endsAtMs;
}
