import { acceptReference, acceptReschedule } from './accept-reference';

const NOW = Date.parse('2026-03-01T12:00:00.000Z');
const EVENT = { source: 'urn:orders/eu', messageId: 'order-1' };

describe(acceptReference.name, () => {
  it('takes a source and a message id and drops the rest', () => {
    expect(acceptReference({ ...EVENT, other: 1 })).toEqual({ event: EVENT });
  });

  it.each([null, undefined, 7, {}, { source: '', messageId: 'a b' }, { source: 7, messageId: null }])(
    'tells both faults of %j',
    (reference) => {
      expect(acceptReference(reference)).toMatchObject({
        code: 'invalid',
        faults: [{ path: '/source' }, { path: '/messageId' }],
      });
    },
  );
});

describe(acceptReschedule.name, () => {
  it('takes a time, also a past one', () => {
    expect(acceptReschedule(EVENT, { deliverAt: '2026-03-01T20:30:00+08:00' }, NOW)).toEqual({
      event: EVENT,
      deliverAt: '2026-03-01T12:30:00.000Z',
    });
    expect(acceptReschedule(EVENT, { deliverAt: '2020-01-01T00:00:00Z' }, NOW)).toHaveProperty('deliverAt');
  });

  it.each([
    [{ deliverAt: 'soon' }, ['/deliverAt']],
    [{ deliverAt: '2027-03-03T00:00:00Z' }, ['/deliverAt']],
    [{ delayMs: 5 }, ['/delayMs', '/deliverAt']],
    [null, ['']],
    [[], ['']],
  ])('tells all faults of %j', (to, paths) => {
    const answer = acceptReschedule(EVENT, to, NOW);
    expect('faults' in answer && answer.faults.map((fault) => fault.path)).toEqual(paths);
  });

  it('tells the faults of the event beside those of the time', () => {
    expect(acceptReschedule({}, { deliverAt: 7 }, NOW)).toMatchObject({ faults: [{}, {}, {}] });
  });
});
