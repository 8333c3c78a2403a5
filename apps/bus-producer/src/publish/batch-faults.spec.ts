import { batchFaults, withTextFaults } from './batch-faults';

const fault = (path: string) => ({ path, message: 'wrong' });

describe(batchFaults.name, () => {
  it('gives each event its own faults, with paths within it', () => {
    const faults = [fault('/events/0/payload/a'), fault('/events/12'), fault('/events/0/key')];
    expect(batchFaults({ events: [] }, faults)).toEqual({
      whole: [],
      ofEvent: new Map([
        [0, [fault('/payload/a'), fault('/key')]],
        [12, [fault('')]],
      ]),
    });
  });

  it('keeps what is of no single event, beside the faults of the shape', () => {
    const faults = [fault(''), fault('/events'), fault('/eventsX/0'), fault('/events/x')];
    const { whole, ofEvent } = batchFaults({ events: 7, more: 1 }, faults);
    expect(ofEvent.size).toBe(0);
    expect(whole.map(({ path }) => path)).toEqual([
      '',
      '/events',
      '/eventsX/0',
      '/events/x',
      '/more',
      '/events',
    ]);
  });

  it('refuses what is no object', () => {
    for (const batch of [null, 7, [], undefined])
      expect(batchFaults(batch, []).whole).toEqual([{ path: '', message: 'must be an object' }]);
  });
});

describe(withTextFaults.name, () => {
  const refusal = { code: 'unprocessable' as const, faults: [fault('/payload/a'), fault('/payload/b')] };

  it('changes nothing where the text is good', () => {
    expect(withTextFaults(refusal, [])).toBe(refusal);
  });

  it('tells each path once, those of the text first, and at most ten', () => {
    expect(withTextFaults(refusal, [fault('/payload/b'), fault('/type')])).toEqual({
      code: 'invalid',
      faults: [fault('/payload/b'), fault('/type'), fault('/payload/a')],
    });
    const many = Array.from({ length: 12 }, (_, at) => fault(`/${at}`));
    expect(withTextFaults(refusal, many)).toMatchObject({ faults: { length: 10 } });
  });
});
