import { executionIdOf } from './execution-id';

const event = { source: 'payments', messageId: 'order-1' };

describe(executionIdOf, () => {
  it('is the same at every attempt, on every machine', () => {
    expect(executionIdOf(event, 'points.grant')).toBe('c45bec34-c047-81c0-99fc-2dfa86b6051c');
  });

  it('differs by source, message, operation and forced run', () => {
    const ids = [
      executionIdOf(event, 'points.grant'),
      executionIdOf(event, 'points.grant', 1),
      executionIdOf(event, 'points.take'),
      executionIdOf({ ...event, source: 'payment' }, 'spoints.grant'),
      executionIdOf({ ...event, messageId: 'order-2' }, 'points.grant'),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is a UUID', () => {
    expect(executionIdOf(event, 'sms.send')).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});
