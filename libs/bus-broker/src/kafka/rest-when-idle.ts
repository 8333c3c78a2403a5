const { prototype } = require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };

/** The part of kafkajs's queue of a connection that is needed here. */
interface RequestQueue {
  pending: unknown[];
  /** Epoch ms; -1: was never throttled. */
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
}

let isDone = false;

/**
 * Lets idle connections of kafkajs rest. Its queue looks for requests that wait by a timer that always sets itself
 * again, and without a throttle that is every millisecond: a thousand wake-ups a second for each connection, 5 % of a
 * core in an idle replica. From here on it looks only while something waits or the broker throttles; the end of a
 * request looks, too, as ever. Written for the version that package.json pins, 2.2.4.
 * @throws Error where kafkajs is another version, with another queue
 */
export function restWhenIdle(): void {
  if (isDone) return;
  isDone = true;
  const schedule = prototype?.scheduleCheckPendingRequests;
  if (typeof schedule !== 'function')
    throw new Error(
      'kafkajs is not 2.2.4: see whether its idle connections rest, and mend rest-when-idle.ts',
    );
  prototype.scheduleCheckPendingRequests = function scheduleWhereNeeded() {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
}
