import type { InboxBatch, PlannedEvent } from '../../event-inbox';

/** Most events of one transaction: the knee of the insert rate, and what bounds a statement's memory. */
export const MAX_BATCH_EVENTS = 500;

/** @throws RangeError for what the caller has to rule out: twins, disorder, more than 500 events */
export function assertBatch(batch: InboxBatch): void {
  assertSize(batch.events.length);
  if (hasTwins(batch.events)) throw new RangeError('twins in one batch: keep the first of each message');
  assertOrder(batch);
}

/** @throws RangeError for what the caller has to rule out: of several logs or dispatchers, a partition twice, a batch
 *  with quarantine, disorder, more than 500 events in all, no batch */
export function assertTogether(batches: readonly InboxBatch[]): void {
  if (batches.length === 0) throw new RangeError('no batch');
  const [{ logId, dispatcherId }] = batches;
  if (batches.some((batch) => batch.logId !== logId || batch.dispatcherId !== dispatcherId))
    throw new RangeError('batches of several logs or dispatchers do not go together');
  if (new Set(batches.map(({ partition }) => partition)).size < batches.length)
    throw new RangeError('two batches of one partition do not go together');
  if (batches.some(({ quarantined }) => quarantined.length > 0))
    throw new RangeError('a batch with records for quarantine goes by itself');
  assertSize(batches.reduce((sum, { events }) => sum + events.length, 0));
  batches.forEach(assertOrder);
}

/** Whether a message stands in it twice. */
export function hasTwins(events: readonly PlannedEvent[]): boolean {
  return new Set(events.map((row) => row.identity)).size < events.length;
}

function assertSize(events: number): void {
  if (events > MAX_BATCH_EVENTS)
    throw new RangeError(`a batch has at most ${MAX_BATCH_EVENTS} events, not ${events}`);
}

function assertOrder(batch: InboxBatch): void {
  let after = batch.start - 1n;
  for (const { offset } of batch.events) {
    if (offset <= after || offset >= batch.next)
      throw new RangeError(`offset ${offset} is out of order in a batch of ${batch.start} to ${batch.next}`);
    after = offset;
  }
}
