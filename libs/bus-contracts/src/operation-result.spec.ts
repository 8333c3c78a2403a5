import { completed, rejected, retry } from './operation-result';

/** What is left of a result on the wire. */
const onTheWire = (result: unknown): unknown => JSON.parse(JSON.stringify(result));

describe(completed.name, () => {
  it('has no output where none was given', () => {
    expect(Object.keys(completed())).toEqual(['status']);
    expect(Object.keys(completed(undefined))).toEqual(['status']);
  });

  it.each([[{ coupon: 'C-1' }], [[]], [''], [0], [false], [null]])('keeps the output %p', (output) => {
    expect(onTheWire(completed(output))).toEqual({ status: 'completed', output });
  });
});

describe(retry.name, () => {
  it('needs no reason', () => {
    expect(retry()).toEqual({ status: 'retry' });
  });

  it('tells when, by a code for machines and a reason for people', () => {
    const why = { retryAfterMs: 500, code: 'provider_busy', reason: 'the provider asks to wait' };
    expect(onTheWire(retry(why))).toEqual({ status: 'retry', ...why });
  });
});

describe(rejected.name, () => {
  it('tells the code, and the reason where there is one', () => {
    expect(onTheWire(rejected({ code: 'out_of_stock' }))).toEqual({
      status: 'rejected',
      code: 'out_of_stock',
    });
    expect(rejected({ code: 'out_of_stock', reason: 'template 7 is used up' })).toEqual({
      status: 'rejected',
      code: 'out_of_stock',
      reason: 'template 7 is used up',
    });
  });
});
