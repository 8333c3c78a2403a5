import type { EventTimelineView, TimelineAttempt, TimelineExecution } from '@bus/store';
import { waitingWords } from './waiting-words';

interface Moment {
  /** `null`: when is not known. */
  at: Date | null;
  /** `null`: of the event itself. */
  operation: string | null;
  words: string;
}

/** An event's story: what happened in order of time, then what is yet to come. */
export function timelineAnswer(view: EventTimelineView) {
  const { event, readAt } = view;
  const executions = view.executions.map((execution) => ({
    execution,
    waitsFor: waitingWords(execution, readAt),
  }));
  return {
    event: { ...event, payload: event.payload === null ? null : (JSON.parse(event.payload) as unknown) },
    original: view.original,
    resentAs: view.resentAs,
    executions: executions.map(({ execution, waitsFor }) => ({
      operation: execution.operation,
      state: execution.state,
      attempt: execution.attempt,
      dueAt: execution.dueAt,
      waitsFor,
      deadLetter: execution.deadLetter,
      attempts: execution.attempts,
    })),
    timeline: [
      ...origin(view),
      ...arrival(view),
      ...[...resends(view), ...cancellation(view), ...view.executions.flatMap(pastMoments)].sort(byTime),
      ...executions
        .flatMap(({ execution, waitsFor }) =>
          waitsFor === null
            ? []
            : [{ at: execution.dueAt, operation: execution.operation, words: `waits for ${waitsFor}` }],
        )
        .sort(byTime),
    ],
    readAt,
  };
}

/** Always first, whatever the publisher's clock says. */
function arrival({ event }: EventTimelineView): Moment[] {
  const delay = event.deliverAt === null ? '' : `, to start at ${event.deliverAt.toISOString()}`;
  const routed = event.unrouted ? ': no operation is configured for its type' : '';
  return [
    { at: event.occurredAt, operation: null, words: `published by ${event.source}${delay}` },
    { at: event.storedAt, operation: null, words: `stored${routed}` },
  ];
}

/** First of all: what it is a repair of. */
function origin({ original }: EventTimelineView): Moment[] {
  if (original === null) return [];
  const { eventId, record, actor, reason, linkedAt } = original;
  const from =
    eventId === null
      ? `the quarantined record ${record?.logId} ${record?.partition} ${record?.offset}`
      : `event ${eventId}`;
  return [{ at: linkedAt, operation: null, words: `sent again from ${from} by ${actor}: ${reason}` }];
}

function resends({ resentAs }: EventTimelineView): Moment[] {
  return resentAs.map(({ messageId, actor, reason, linkedAt }) => ({
    at: linkedAt,
    operation: null,
    words: `sent again as ${messageId} by ${actor}: ${reason}`,
  }));
}

function cancellation({ event: { cancelledAt } }: EventTimelineView): Moment[] {
  return cancelledAt === null ? [] : [{ at: cancelledAt, operation: null, words: 'cancelled' }];
}

function pastMoments(execution: TimelineExecution): Moment[] {
  const { operation, attempts, deadLetter } = execution;
  const moments = attempts.map((attempt) => ({
    at: attempt.endedAt,
    operation,
    words: attemptWords(attempt),
  }));
  if (deadLetter === null) return moments;
  return [...moments, { at: deadLetter.diedAt, operation, words: `dead letter: ${deadLetter.cause}` }];
}

function attemptWords({ attempt, outcome, code, reason, durationMs }: TimelineAttempt): string {
  const why = [code, reason].filter((text) => text !== null && text !== '').join(', ');
  const name = outcome === 'skipped' ? 'skipped' : `attempt ${attempt}: ${outcome.replaceAll('_', ' ')}`;
  return `${name}${why === '' ? '' : ` (${why})`}${durationMs === null ? '' : ` after ${durationMs} ms`}`;
}

/** Stable: what has the same time keeps its order. */
function byTime(a: Moment, b: Moment): number {
  return (a.at?.getTime() ?? Infinity) - (b.at?.getTime() ?? Infinity) || 0;
}
