import fc from 'fast-check';
import jsonata from 'jsonata';
import { checkExpression, EXPRESSION_LIMITS, Expressions, type ExpressionInput } from './expression';
import { castToBoolean } from './expression-quick-path';

function eventWith(payload: unknown): ExpressionInput {
  return {
    messageId: 'order-1-paid',
    source: 'payments',
    type: 'order.paid',
    key: 'user-7',
    payload,
    occurredAt: '2026-01-02T03:04:05.678Z',
  };
}

describe(Expressions, () => {
  let nowMs: number;
  let expressions: Expressions;
  beforeEach(() => {
    nowMs = 0;
    expressions = new Expressions(() => nowMs);
  });

  describe('filter', () => {
    it.each([
      ['payload.amountCents >= 5000', { amountCents: 5000 }, 'yes'],
      ['payload.amountCents >= 5000', { amountCents: 4999 }, 'no'],
      ['payload.amountCents >= 5000', {}, 'no'],
      ['$exists(payload.timeoutMessageId)', { timeoutMessageId: 'x' }, 'yes'],
      ['$exists(payload.timeoutMessageId)', {}, 'no'],
      ['key = "user-7" and type = "order.paid"', {}, 'yes'],
      ['$sum(payload.items.price) > 10', { items: [{ price: 5 }, { price: 6 }] }, 'yes'],
      ['payload.items[price > 5]', { items: [{ price: 5 }] }, 'no'],
    ])('%s', async (text, payload, verdict) => {
      expect(await expressions.filter(text, eventWith(payload))).toBe(verdict);
    });

    it('fails where the expression throws', async () => {
      expect(
        await expressions.filter('payload.amountCents >= 5000', eventWith({ amountCents: 'much' })),
      ).toBe('failed');
      expect(await expressions.filter('payload.(', eventWith({}))).toBe('failed');
    });

    it.each([
      ['a loop', '($f := function() { $f() }; $f())'],
      ['a recursion', '($f := function($x) { $f($x + 1) + 1 }; $f(0))'],
      ['a long sequence', '[1..9999999]'],
      ['a huge text', '$pad("a", 500000000)'],
      ['a regular expression', '$match("aaaa", /(a+)+b/)'],
      ['an expression in the data', '$eval(payload.code)'],
      ['chance', '$random() < 2'],
    ])('trap-22: fails within its limits on %s', async (_, text) => {
      expect(await expressions.filter(text, eventWith({ code: '1' }))).toBe('failed');
    });

    it('lets an expression rest that ran out of time twice, and tries it again later', async () => {
      const quick = new Expressions(() => nowMs, { ...EXPRESSION_LIMITS, timeoutMs: 50 });
      const text = '($f := function($n) { $n > 0 ? $f($n - 1) : true }; $f(payload.rounds))';
      expect(await quick.filter(text, eventWith({ rounds: 1e9 }))).toBe('failed');
      expect(await quick.filter(text, eventWith({ rounds: 1 }))).toBe('failed');
      nowMs = 10_000;
      expect(await quick.filter(text, eventWith({ rounds: 1 }))).toBe('yes');
    });

    it('gives the same answer whenever it is asked: $now() is the time of the event', async () => {
      expect(
        await expressions.filter('$now() = occurredAt and $millis() = 1767323045678', eventWith({})),
      ).toBe('yes');
    });
  });

  describe('map', () => {
    it('makes the payload that the operation gets', async () => {
      const input = eventWith({ timeoutMessageId: 'order-1-timeout', amountCents: 1 });
      expect(await expressions.map('{"messageId": payload.timeoutMessageId}', input)).toEqual({
        ok: true,
        value: { messageId: 'order-1-timeout' },
      });
    });

    it('gives plain JSON, without what only JSONata knows of its sequences', async () => {
      const outcome = await expressions.map('payload.items.id', eventWith({ items: [{ id: 1 }, { id: 2 }] }));
      expect(outcome).toEqual({ ok: true, value: [1, 2] });
      expect(Object.keys((outcome as { value: object }).value)).toEqual(['0', '1']);
    });

    it('fails without quoting the data', async () => {
      expect(await expressions.map('payload.secret * 2', eventWith({ secret: 'hunter2' }))).toEqual({
        ok: false,
        reason: expect.stringMatching(/^error T2001 at character \d+$/) as string,
      });
      expect(await expressions.map('payload.nothing', eventWith({}))).toEqual({
        ok: false,
        reason: 'the mapping has no result',
      });
    });

    it('fails where the result is over the size of a payload', async () => {
      const text = '[1..100].$pad("a", 10000)';
      expect(await expressions.map(text, eventWith({}))).toMatchObject({ ok: false });
    });

    it('pads as JSONata does', async () => {
      const text = '[$pad("foo", 5), $pad("foo", -5), $pad("foo", 8, "#!"), $pad("foobar", 3)]';
      expect(await expressions.map(text, eventWith({}))).toEqual({
        ok: true,
        value: await jsonata(text)
          .evaluate({})
          .then((value: unknown[]) => [...value]),
      });
    });
  });
});

describe(checkExpression, () => {
  it.each(['payload.amountCents >= 5000', '{"a": payload.b}', '$contains(type, "order")'])(
    'lets %s pass',
    (text) => expect(checkExpression(text)).toBeNull(),
  );

  it.each([
    ['payload.(', 'is no JSONata: error S0203 at character 9'],
    [
      '$match(type, /a+/)',
      'must not use regular expressions; use $contains, $substring or $split with plain text',
    ],
    ['payload.items[$eval("1")]', 'must not use $eval'],
    ['{"lot": $random()}', 'must not use $random'],
  ])('says what is wrong with %s', (text, fault) => expect(checkExpression(text)).toBe(fault));
});

describe('the quick path', () => {
  const scalars = fc.oneof(
    fc.constantFrom(0, 1, 5000, '', 'a', 'b', true, false, null),
    fc.integer({ min: -3, max: 3 }),
  );
  const values = fc.oneof(
    scalars,
    fc.array(scalars, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b'), scalars, { maxKeys: 2 }),
    fc.array(fc.dictionary(fc.constantFrom('a', 'b'), scalars, { maxKeys: 2 }), { maxLength: 2 }),
  );
  const payloads = fc.dictionary(fc.constantFrom('a', 'b', 'c'), values, { maxKeys: 3 });
  const paths = fc.constantFrom('payload.a', 'payload.b', 'payload.a.b', 'payload', 'key', 'payload.a.b.c');
  const literals = fc.constantFrom('0', '1', '5000', '"a"', '""', 'true', 'false', 'null', '-1');
  const leaves = fc.oneof(paths, literals);
  const tests = fc
    .tuple(leaves, fc.constantFrom('=', '!=', '<', '<=', '>', '>='), leaves)
    .map((parts) => parts.join(' '));
  const calls = fc
    .tuple(fc.constantFrom('$exists', '$not', '$boolean'), fc.oneof(paths, tests))
    .map(([name, argument]) => `${name}(${argument})`);
  const logic = fc
    .tuple(fc.oneof(tests, calls, paths), fc.constantFrom('and', 'or'), fc.oneof(tests, calls, paths))
    .map(([left, operator, right]) => `(${left}) ${operator} (${right})`);
  const objects = fc
    .tuple(fc.oneof(leaves, tests), fc.oneof(paths, calls))
    .map(([left, right]) => `{"x": ${left}, "y": ${right}}`);

  it('answers as JSONata itself does, on anything', async () => {
    const expressions = new Expressions(() => 0);
    await fc.assert(
      fc.asyncProperty(fc.oneof(leaves, tests, calls, logic), payloads, async (text, payload) => {
        const input = eventWith(payload);
        const expected = await jsonata(text)
          .evaluate(input)
          .then(
            (value: unknown) => (castToBoolean(value) ? 'yes' : 'no'),
            () => 'failed',
          );
        expect([text, await expressions.filter(text, input)]).toEqual([text, expected]);
      }),
      { numRuns: 3000 },
    );
  });

  it('makes the objects that JSONata itself makes', async () => {
    const expressions = new Expressions(() => 0);
    await fc.assert(
      fc.asyncProperty(objects, payloads, async (text, payload) => {
        const input = eventWith(payload);
        const expected = await jsonata(text)
          .evaluate(input)
          .then(
            (value: unknown) => JSON.stringify(value),
            () => 'failed',
          );
        const outcome = await expressions.map(text, input);
        expect([text, outcome.ok ? JSON.stringify(outcome.value) : 'failed']).toEqual([text, expected]);
      }),
      { numRuns: 1000 },
    );
  });

  it('casts as $boolean does', async () => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const expected: unknown = await jsonata('$boolean(v)').evaluate({ v: value });
        expect(castToBoolean(value)).toBe(expected ?? false);
      }),
    );
  });
});
