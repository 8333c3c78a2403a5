import { renderReplayPreview } from './render-replay-preview';
import { replayFilter } from './replay-filter';

const preview = {
  executions: 3,
  events: 2,
  groups: [
    {
      operation: 'coupons.issue',
      cause: 'too_old',
      executions: 3,
      events: 2,
      earliestDiedAt: '2026-01-30T08:00:00.000Z',
      latestDiedAt: '2026-01-31T08:00:00.000Z',
    },
  ],
  sample: [
    {
      eventId: '019a0000-0000-7000-8000-000000000000',
      operation: 'coupons.issue',
      attempt: 4,
      cause: 'too_old',
      code: 'no_stock\u001b[2J',
      source: 'payments',
      messageId: 'order-1',
    },
  ],
  warnings: [
    { code: 'operation_paused', operation: 'coupons.issue', executions: 3, message: 'it is paused' },
  ],
};

describe(renderReplayPreview, () => {
  it('tells how many, of what, and what stands in the way', () => {
    const lines = renderReplayPreview(preview).split('\n');
    expect(lines[0]).toBe('3 executions of 2 events');
    expect(lines[1]).toMatch(/coupons\.issue +too_old +3 +died 2026-01-30T08:00:00\.000Z to /);
    expect(lines[2]).toBe('! coupons.issue: 3 executions; it is paused');
    expect(lines[3]).toBe('the first 1:');
    expect(lines[4]).toContain('order-1 of payments  coupons.issue  attempt 4  too_old no_stock');
  });

  it('lets no text of others command the terminal, and says so where nothing matches', () => {
    expect(renderReplayPreview(preview)).not.toContain('\u001b');
    expect(renderReplayPreview({ ...preview, executions: 0 })).toBe('Nothing that died matches.');
  });
});

describe(replayFilter, () => {
  it('says what was typed in the words of bus-console, and nothing else', () => {
    expect(
      replayFilter({ operation: 'a.run', cause: ['rejected'], eventKey: 'k', from: '2026-01-31T08:00:00Z' }),
    ).toEqual({ operation: 'a.run', causes: ['rejected'], key: 'k', diedFrom: '2026-01-31T08:00:00Z' });
  });
});
