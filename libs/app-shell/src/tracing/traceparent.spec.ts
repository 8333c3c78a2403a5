import {
  currentTraceId,
  currentTraceparent,
  newTraceparent,
  parseTraceparent,
  runWithTraceparent,
} from './traceparent';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const FORM = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;

describe(parseTraceparent.name, () => {
  it('reads the parts of a traceparent', () => {
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual({
      traceId: TRACE,
      parentId: SPAN,
      flags: '01',
    });
  });

  it('reads a later version, with fields that it does not know', () => {
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-00-more`)).toMatchObject({ traceId: TRACE, flags: '00' });
  });

  it.each([
    undefined,
    null,
    7,
    {},
    '',
    'broken',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-01-more`,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    ` 00-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01\n`,
    `01-${TRACE}-${SPAN}-01-${'x'.repeat(300)}`,
  ])('ignores %j, as the standard says', (text) => expect(parseTraceparent(text)).toBeNull());
});

describe(newTraceparent.name, () => {
  it("is a new span of the parent's trace", () => {
    const child = newTraceparent(`00-${TRACE}-${SPAN}-00`);
    expect(child).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    expect(child).not.toContain(SPAN);
  });

  it.each([undefined, null, 'broken'])('is a new trace where the parent is %j', (parent) => {
    expect(newTraceparent(parent)).toMatch(FORM);
  });

  it('never gives the same span twice', () => {
    const spans = Array.from({ length: 2_000 }, () => newTraceparent());
    expect(new Set(spans).size).toBe(spans.length);
    for (const span of spans) expect(parseTraceparent(span)).not.toBeNull();
  });
});

describe(runWithTraceparent.name, () => {
  it('is current in everything that the work starts, and nowhere else', async () => {
    const [one, other] = [newTraceparent(), newTraceparent()];
    const later = async () => {
      await new Promise((next) => setImmediate(next));
      return [currentTraceparent(), currentTraceId()];
    };
    expect(
      await Promise.all([runWithTraceparent(one, later), runWithTraceparent(other, later), later()]),
    ).toEqual([
      [one, one.slice(3, 35)],
      [other, other.slice(3, 35)],
      [expect.stringMatching(FORM), undefined],
    ]);
  });

  it('gives what the work gives, and throws what it throws', () => {
    expect(runWithTraceparent(newTraceparent(), () => 7)).toBe(7);
    const fail = () => {
      throw new Error('failed');
    };
    expect(() => runWithTraceparent(newTraceparent(), fail)).toThrow('failed');
  });
});
