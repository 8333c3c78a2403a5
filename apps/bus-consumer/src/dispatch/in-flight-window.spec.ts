import type { LoadedEvent } from '@bus/store';
import { ManualTime, settled } from '../testing/manual-time';
import { InFlightWindow, WINDOW_EVENTS } from './in-flight-window';

const event = (eventId: string): LoadedEvent => ({
  eventId,
  source: 'spec',
  messageId: `message "${eventId}"`,
  type: 'order.paid',
  key: null,
  payload: ' {"a": 1.0}',
  occurredAt: '2026-01-02T03:04:05.678Z',
  traceparent: null,
  graphId: 1,
});

describe(InFlightWindow, () => {
  let window: InFlightWindow;
  let told: string[];
  let time: ManualTime;
  beforeEach(() => {
    window = new InFlightWindow();
    time = new ManualTime();
    told = [];
    window.watch({ full: () => told.push('full'), room: () => told.push('room') });
  });
  const fill = (count: number) => Array.from({ length: count }, (_, n) => window.hold(event(String(n))));

  it('holds an event once, until its last holder lets go', () => {
    const held = window.hold(event('a'));
    expect(window.hold(event('a'))).toBe(held);
    window.release(held);
    expect(window.get('a')).toBe(held);
    window.release(held);
    expect(window.get('a')).toBeUndefined();
    expect(window.size).toBe(0);
  });

  it('says when less than a batch fits, and when two fit again', () => {
    const held = fill(WINDOW_EVENTS - 499);
    expect(told).toEqual(['full']);
    held.slice(0, 500).forEach((one) => window.release(one));
    expect(told).toEqual(['full']);
    held.slice(500, 501).forEach((one) => window.release(one));
    expect(told).toEqual(['full', 'room']);
  });

  it('keeps room for batches in the order they asked, and gives a part of it after the wait', async () => {
    const held = fill(WINDOW_EVENTS - 600);
    const granted: [string, number][] = [];
    for (const name of ['a', 'b', 'c'])
      void window.reserve(500, 150, time).then((room) => granted.push([name, room]));
    await settled();
    expect(granted).toEqual([['a', 500]]);
    held.slice(0, 400).forEach((one) => window.release(one));
    await settled();
    expect(granted).toEqual([
      ['a', 500],
      ['b', 500],
    ]);
    held.slice(400, 420).forEach((one) => window.release(one));
    await time.advance(150);
    expect(granted[2]).toEqual(['c', 20]);
    expect(window.room).toBe(0);
    window.unreserve(1020);
    expect(window.room).toBe(1020);
  });

  it("writes the request's event with the payload's own bytes, and parses it once", () => {
    const held = window.hold(event('a'));
    expect(held.json()).toContain('"payload": {"a": 1.0}}');
    expect(JSON.parse(held.json())).toEqual({
      messageId: 'message "a"',
      source: 'spec',
      type: 'order.paid',
      key: null,
      occurredAt: '2026-01-02T03:04:05.678Z',
      payload: { a: 1 },
    });
    expect(held.payload()).toBe(held.payload());
  });
});
