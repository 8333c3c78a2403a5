import { stripVTControlCharacters } from 'node:util';
import { renderEvent, type EventStory } from './render-event';

const story: EventStory = {
  event: {
    eventId: '019a0000-0000-7000-8000-000000000000',
    source: 'payments',
    messageId: 'order-1-paid',
    type: 'order.paid',
    key: 'user-7',
    deliverAt: null,
    cancelledAt: null,
    unrouted: false,
    payload: { orderId: '1', note: '\u001b[2J' },
  },
  executions: [
    { operation: 'coupons.issue', state: 'retrying', attempt: 2, waitsFor: 'the next one starts at noon' },
    { operation: 'points.grant', state: 'completed', attempt: 1, waitsFor: null },
  ],
  timeline: [
    { at: '2026-01-31T08:00:00.000Z', operation: null, words: 'published by payments' },
    { at: null, operation: 'coupons.issue', words: 'waits \u202efor noon' },
  ],
};
const plain = stripVTControlCharacters;

describe(renderEvent, () => {
  it('tells what the event is, how its operations stand, and what happened', () => {
    const text = plain(renderEvent(story));

    expect(text.split('\n').slice(0, 2)).toEqual([
      'order.paid order-1-paid of payments',
      '019a0000-0000-7000-8000-000000000000 · key user-7',
    ]);
    expect(text).toMatch(/coupons\.issue +│ retrying +│ 2 +│ the next one starts at noon/);
    expect(text).toMatch(/points\.grant +│ completed +│ 1/);
    expect(text).toMatch(/2026-01-31T08:00:00\.000Z +│ +│ published by payments/);
  });

  it('says that it is unrouted, delayed or cancelled', () => {
    const event = {
      ...story.event,
      unrouted: true,
      deliverAt: '2026-02-01T00:00:00Z',
      cancelledAt: '2026-01-31T09:00:00Z',
    };
    const text = plain(renderEvent({ event, executions: [], timeline: [] }));

    expect(text).toContain('to start at 2026-02-01T00:00:00Z · cancelled at 2026-01-31T09:00:00Z · unrouted');
  });

  it('hands nothing of others to the terminal that would command it', () => {
    const text = plain(renderEvent(story));

    expect(text).toContain('\\u001b[2J');
    expect(text).toContain('waits �for noon');
  });
});
