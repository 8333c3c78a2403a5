import { sinceTime } from './since-time';

const NOW = new Date('2026-01-31T08:00:00.000Z');

describe(sinceTime, () => {
  it.each([
    ['90m', '2026-01-31T06:30:00.000Z'],
    ['36h', '2026-01-29T20:00:00.000Z'],
    ['7d', '2026-01-24T08:00:00.000Z'],
    ['2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00.000Z'],
  ])('reads %s', (text, time) => {
    expect(sinceTime(text, NOW).toISOString()).toBe(time);
  });

  it.each(['yesterday', '7', '7w', '2026-13-01T00:00:00Z', ''])(
    'names the forms instead of taking %j',
    (text) => {
      expect(() => sinceTime(text, NOW)).toThrow('write 90m, 36h, 7d');
    },
  );
});
