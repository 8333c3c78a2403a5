import { stripVTControlCharacters } from 'node:util';
import type { EventStatus, ExecutionState } from '@bus/contracts';
import { Timeline, statusTable } from './print-timeline';

function recorded(): { timeline: Timeline; lines: string[]; clock: { ms: number } } {
  const lines: string[] = [];
  const clock = { ms: 0 };
  const timeline = new Timeline(
    (line) => lines.push(stripVTControlCharacters(line)),
    () => clock.ms,
  );
  return { timeline, lines, clock };
}

function status(state: ExecutionState, attempt: number, reason?: string): EventStatus {
  const attempts = reason
    ? [
        {
          operation: 'coupons.issue',
          attempt,
          outcome: 'unreachable' as const,
          reason,
          durationMs: null,
          endedAt: '',
        },
      ]
    : [];
  const event = { source: 'payments', messageId: 'order-1-paid' } as EventStatus['event'];
  return { event, executions: [{ operation: 'coupons.issue', state, attempt }], attempts };
}

describe(Timeline, () => {
  it('prints each line with the time since the story began', () => {
    const { timeline, lines, clock } = recorded();
    clock.ms = 1_234;
    timeline.tell('payments', 'publishes order.paid', 'accepted in 5 ms');
    expect(lines).toEqual(['    1.23 s  payments  publishes order.paid             accepted in 5 ms']);
  });

  it('tells a change of state once, and not what only passes by', () => {
    const { timeline, lines } = recorded();
    timeline.changes(status('in_flight', 1));
    timeline.changes(status('retrying', 1, 'ECONNREFUSED'));
    timeline.changes(status('retrying', 1, 'ECONNREFUSED'));
    timeline.changes(status('in_flight', 2));
    timeline.changes(status('completed', 2));
    expect(lines.map((line) => line.slice(12))).toEqual([
      'coupons   coupons.issue       retrying     attempt 1: nobody listens there (ECONNREFUSED); it is tried again',
      'coupons   coupons.issue       completed    on attempt 2',
    ]);
  });
});

describe(statusTable, () => {
  it('aligns its columns', () => {
    const [head, row] = statusTable([
      { operation: 'points.grant', state: 'completed', attempts: 1, effect: '99 points' },
    ]).map(stripVTControlCharacters);
    expect(row?.indexOf('99 points')).toBe(head?.indexOf('what it did'));
    expect(row?.indexOf('completed')).toBe(head?.indexOf('state'));
  });
});
