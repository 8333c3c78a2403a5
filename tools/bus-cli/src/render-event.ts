import type { ExecutionState } from '@bus/contracts';
import Table from 'cli-table3';
import colours from 'picocolors';
import { plainText } from './plain-text';

/** What bus-console tells of an event; the part that is printed. Times are RFC 3339. */
export interface EventStory {
  event: {
    eventId: string;
    source: string;
    messageId: string;
    type: string;
    key: string | null;
    deliverAt: string | null;
    cancelledAt: string | null;
    unrouted: boolean;
    payload: unknown;
  };
  executions: {
    operation: string;
    state: ExecutionState | null;
    attempt: number;
    waitsFor: string | null;
  }[];
  timeline: { at: string | null; operation: string | null; words: string }[];
}

const PAINT: Partial<Record<ExecutionState, (text: string) => string>> = {
  completed: colours.green,
  skipped: colours.dim,
  cancelled: colours.dim,
  rejected: colours.red,
  dead: colours.red,
  retrying: colours.yellow,
  held: colours.yellow,
};

/** An event for people: what it is, how its operations stand, and what happened in order. */
export function renderEvent({ event, executions, timeline }: EventStory): string {
  const about = [
    event.eventId,
    ...(event.key === null ? [] : [`key ${event.key}`]),
    ...(event.deliverAt === null ? [] : [`to start at ${event.deliverAt}`]),
    ...(event.cancelledAt === null ? [] : [`cancelled at ${event.cancelledAt}`]),
    ...(event.unrouted ? ['unrouted: no operation was configured for its type'] : []),
  ];
  return [
    `${colours.bold(event.type)} ${plainText(event.messageId)} of ${plainText(event.source)}`,
    colours.dim(plainText(about.join(' · '))),
    plainText(JSON.stringify(event.payload)),
    ...(executions.length > 0 ? [executionTable(executions)] : []),
    momentTable(timeline),
  ].join('\n');
}

function executionTable(executions: EventStory['executions']): string {
  const table = newTable(['operation', 'state', 'attempts', 'waits for']);
  for (const { operation, state, attempt, waitsFor } of executions) {
    const paint = (state && PAINT[state]) ?? String;
    table.push([operation, paint(state ?? 'lost'), String(attempt), plainText(waitsFor ?? '')]);
  }
  return table.toString();
}

function momentTable(timeline: EventStory['timeline']): string {
  const table = newTable(['when', 'operation', 'what']);
  for (const { at, operation, words } of timeline) table.push([at ?? '', operation ?? '', plainText(words)]);
  return table.toString();
}

function newTable(head: string[]) {
  return new Table({ head, style: { head: [], border: [], compact: true } });
}
