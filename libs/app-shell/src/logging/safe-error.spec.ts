import { BusError } from '@bus/contracts';
import { safeError } from './safe-error';

const SECRET = 'secret-4711';

describe(safeError.name, () => {
  it('keeps type, message, code and the frames of the stack', () => {
    const error = Object.assign(new TypeError('is away'), { code: 'ECONNREFUSED' });
    const { stack, ...rest } = safeError(error);
    expect(rest).toEqual({ type: 'TypeError', message: 'is away', code: 'ECONNREFUSED' });
    expect(stack).toMatch(/^\s+at /);
    expect(stack).not.toContain('is away');
  });

  it('leaves out all other fields: a failed query carries its parameters', () => {
    const error = Object.assign(new Error('failed'), { parameters: [SECRET], query: SECRET, code: 7 });
    expect(JSON.stringify(safeError(error))).not.toContain(SECRET);
    expect(safeError(error)).not.toHaveProperty('code');
  });

  it.each(['QueryFailedError', 'DatabaseError', 'error'])(
    'leaves out what a %s quotes of its input',
    (name) => {
      const message = `invalid input syntax for type json: "${SECRET} "and" ${SECRET}" at line 1`;
      const error = Object.assign(new Error(message), { name });
      expect(safeError(error).message).toBe('invalid input syntax for type json: "…" at line 1');
    },
  );

  it('leaves out what the JSON parser quotes, through its stack too', () => {
    for (const text of [`{"a":${SECRET}}`, SECRET, `{"a":"b"}${SECRET}`, `{"${SECRET}"`, `["${SECRET}`]) {
      let thrown: unknown;
      try {
        JSON.parse(text);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(SyntaxError);
      expect(JSON.stringify(safeError(thrown))).not.toContain('secret');
    }
  });

  it('cuts a long message of those that quote', () => {
    const error = Object.assign(new Error('x'.repeat(10_000)), { name: 'DatabaseError' });
    expect(safeError(error).message).toHaveLength(300);
  });

  it('follows causes, five deep and in circles too', () => {
    const causes = [...Array(9).keys()].reduce(
      (cause, at) => new Error(`${at}`, { cause }),
      new Error('first'),
    );
    expect(JSON.stringify(safeError(causes)).match(/"type"/g)).toHaveLength(6);
    const circle = new Error('circle');
    circle.cause = circle;
    expect(JSON.stringify(safeError(circle)).match(/circle/g)).toHaveLength(6);
    expect(
      safeError(new BusError({ code: 'internal', message: 'a', cause: new Error('b') })).cause,
    ).toMatchObject({
      type: 'Error',
      message: 'b',
    });
  });

  it('leaves out a cause that is no error', () => {
    expect(safeError(new Error('a', { cause: SECRET }))).not.toHaveProperty('cause');
  });

  it.each([SECRET, 7, null, undefined, { secret: SECRET }])(
    'says nothing of a thrown %j but its type',
    (thrown) => {
      expect(safeError(thrown)).toEqual({ type: typeof thrown, message: 'a thrown value that is no Error' });
    },
  );
});
