import { LIMITS, completed, rejected, retry } from '@bus/contracts';
import { cutReason, outputFault, replyOf } from './reply-limits';
import { kitRequest } from './testing/kit-request';

const request = kitRequest({ attempt: 3 });
const call = { executionId: request.executionId, operation: 'kit.apply', attempt: 3 };

/** An object in an object, so often. */
const nested = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));

describe(replyOf.name, () => {
  it.each([
    ['completed', completed(), {}],
    ['completed', completed({ coupon: 'C-1' }), { output: { coupon: 'C-1' } }],
    ['completed', { status: 'completed', duplicate: true }, { duplicate: true }],
    [
      'retry',
      retry({ code: 'busy', reason: 'later', retryAfterMs: 500.4 }),
      { code: 'busy', reason: 'later', retryAfterMs: 500 },
    ],
    ['rejected', rejected({ code: 'out_of_stock' }), { code: 'out_of_stock' }],
  ])('names the call that it answers with %s', (status, result, said) => {
    expect(replyOf(request, result)).toEqual({ ...call, status, ...said });
  });

  it.each([undefined, null, true, 'completed', 7, [], {}, { status: 'done' }, { status: ['retry'] }])(
    'bad-86: makes a retry of what is no result: %p',
    (result) => {
      expect(replyOf(request, result)).toMatchObject({ ...call, status: 'retry', code: 'faulty_result' });
    },
  );

  it('bad-87: names its own call, whatever the handler says of it', () => {
    const result = { status: 'completed', executionId: 'other', operation: 'kit.other', attempt: 1 };
    expect(replyOf(request, result)).toEqual({ ...call, status: 'completed' });
  });

  it('bad-88: cuts a reason of 1 MB to 2 KB', () => {
    const reply = replyOf(request, retry({ reason: 'x'.repeat(1024 * 1024) }));
    expect(reply.reason).toBe('x'.repeat(LIMITS.reasonBytes));
  });

  it.each([
    ['output_too_large', 'x'.repeat(LIMITS.outputBytes)],
    ['output_not_json', 'a\0b'],
  ])('bad-88, bad-89: rejects an output that cannot be stored: %s', (code, output) => {
    const reply = replyOf(request, completed(output));
    expect(reply).toEqual({
      ...call,
      status: 'rejected',
      code,
      reason: expect.stringContaining('the output'),
    });
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '500'])(
    'leaves out a retryAfterMs that is no duration: %p',
    (retryAfterMs) => {
      expect(replyOf(request, { status: 'retry', retryAfterMs })).toEqual({ ...call, status: 'retry' });
    },
  );

  it('keeps a code to 64 characters that can be stored', () => {
    const code = (text: string) => replyOf(request, rejected({ code: text })).code;
    expect(code('x'.repeat(65))).toBe('x'.repeat(64));
    expect(code('a\0b')).toBe('a\\u0000b');
    expect(code(`${'x'.repeat(63)}😀😀`)).toBe(`${'x'.repeat(63)}😀`);
  });
});

describe(cutReason.name, () => {
  it.each([
    ['at the limit', 'x'.repeat(2048), 'x'.repeat(2048)],
    ['one over it', 'x'.repeat(2049), 'x'.repeat(2048)],
    ['between characters of three bytes', '券'.repeat(700), '券'.repeat(682)],
    ['between characters of four bytes', `x${'😀'.repeat(600)}`, `x${'😀'.repeat(511)}`],
  ])('cuts %s', (_where, reason, kept) => {
    expect(cutReason(reason)).toBe(kept);
  });

  it('bad-89: escapes NUL and lone surrogates, and leaves pairs alone', () => {
    expect(cutReason('a\0b \ud83d c \ude00 d 😀')).toBe('a\\u0000b \\ud83d c \\ude00 d 😀');
  });

  it('keeps to 2 KB when escapes make it longer', () => {
    expect(Buffer.byteLength(cutReason('\0'.repeat(2048)))).toBeLessThanOrEqual(LIMITS.reasonBytes);
  });
});

describe(outputFault.name, () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text of exactly 16 KB as JSON', 'x'.repeat(LIMITS.outputBytes - 2)],
    ['32 levels', nested(32)],
    ['brackets in a text', `"${'[{'.repeat(100)}`],
    ['characters of all lengths', { text: 'é 券 😀 \n' }],
    ['a text that speaks of \\u0000 and \\ud83d', 'it says \\u0000 and \\ud83d'],
    ['a path that looks like one', { path: 'C:\\ud800\\u0000' }],
  ])('finds none in %s', (_what, output) => {
    expect(outputFault(output)).toBeNull();
  });

  it.each([
    ['output_too_large', 'a text one byte over 16 KB', 'x'.repeat(LIMITS.outputBytes - 1)],
    ['output_too_large', 'characters of more bytes', '券'.repeat(6_000)],
    ['output_too_deep', '33 levels', nested(33)],
    ['output_not_json', 'NUL', { text: 'a\0b' }],
    ['output_not_json', 'NUL in a key', { 'a\0b': 1 }],
    ['output_not_json', 'NUL behind a backslash', '\\\0'],
    ['output_not_json', 'half a character', ['\ud83d']],
    ['output_not_json', 'the other half', ['\ude00']],
    ['output_not_json', 'a big integer', 10n],
    ['output_not_json', 'a function', () => 1],
    ['output_not_json', 'a circle', circle()],
  ])('tells %s of %s', (fault, _what, output) => {
    expect(outputFault(output)).toBe(fault);
  });
});

function circle(): unknown {
  const around: unknown[] = [];
  around.push({ around });
  return around;
}
