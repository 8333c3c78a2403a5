import {
  contentHash,
  fanOut,
  identityOf,
  newEventId,
  type FilterVerdict,
  type RunnableGraph,
} from '@bus/domain';
import { createHash } from 'node:crypto';
import type { PlannedEvent } from '../../../event-inbox';
import { EVENT_TYPES } from './compared-graphs';
import type { IngestedMessage } from './store-command';

const MINUTE_MS = 60_000;

/** What its publisher knows of a message. */
export const reference = (message: number) => ({ source: 'spec', messageId: `m${message}` });

/** A message as a consumer plans it. @param at the time that is so many ms after now */
export function plannedMessage(
  one: IngestedMessage,
  graphs: readonly RunnableGraph[],
  offset: bigint,
  at: (ms: number) => string,
): PlannedEvent {
  const { source, messageId } = reference(one.message);
  const type = one.message === 15 ? 'u' : (EVENT_TYPES[[0, 1, 1, 2][one.message % 4]] as string);
  const key = one.message < 10 ? 'k' : one.message < 13 ? 'l' : null;
  const payload = one.otherContent ? '{"other":true}' : '{}';
  const event = {
    eventId: eventIdOf(one.takenEventId ? 0 : one.message, one.otherContent),
    ...{ source, messageId, type, key, payload, occurredAt: '2026-01-02T03:04:05.678Z' },
    deliverAt: one.delayMin === null ? null : at(one.delayMin * MINUTE_MS),
    traceparent: null,
  };
  const graph = graphs.find((active) => active.eventType === type);
  const verdicts = new Map<number, FilterVerdict>();
  if (one.filtered && graph) verdicts.set(graph.operations[0]?.operationId ?? 0, 'no');
  return {
    ...{ event, offset, record: recordOf(offset, payload), identity: identityOf(source, messageId) },
    contentHash: contentHash(type, key, payload),
    graphId: graph?.graphId ?? null,
    executions: graph ? fanOut(event, graph, { verdicts, take: () => one.slot }) : [],
  };
}

const started = Date.now();

/** The same in both stores, and at every run of a sequence. */
export function eventIdOf(message: number, otherContent: boolean): string {
  const random = createHash('sha256').update(`${message}/${otherContent}`).digest().subarray(0, 16);
  return newEventId({ nowMs: started + message, random });
}

export function recordOf(offset: bigint, payload: string): PlannedEvent['record'] {
  return {
    partition: 0,
    offset,
    key: null,
    value: Buffer.from(payload),
    headers: [],
    appendedAt: new Date(),
  };
}
