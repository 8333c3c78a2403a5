import { newTraceparent, runWithTraceparent } from '../tracing/traceparent';
import { createLogger, type LogOptions } from './logger';

const SECRET = 'secret-4711';

describe(createLogger.name, () => {
  let lines: Record<string, unknown>[];
  const open = (over: Partial<LogOptions> = {}) =>
    createLogger({
      name: 'points',
      level: 'info',
      destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
      ...over,
    });

  beforeEach(() => (lines = []));

  it('writes a JSON line per entry: time, level by its name, app, fields, message', () => {
    open().warn({ reason: 'no_id' }, 'was refused');
    expect(lines).toEqual([
      {
        level: 'warn',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        app: 'points',
        reason: 'no_id',
        msg: 'was refused',
      },
    ]);
  });

  it('writes nothing below its level', () => {
    const logger = open({ level: 'warn' });
    logger.info('no');
    logger.error('yes');
    open({ level: 'silent' }).fatal('no');
    expect(lines.map(({ msg }) => msg)).toEqual(['yes']);
  });

  it('carries the trace of the work that writes', () => {
    const traceparent = newTraceparent();
    const logger = open();
    runWithTraceparent(traceparent, () => logger.info('within'));
    logger.info('without');
    expect(lines.map(({ traceId }) => traceId)).toEqual([traceparent.slice(3, 35), undefined]);
  });

  it('writes of an error what is safe to keep', () => {
    const error = Object.assign(new Error('failed'), { parameters: [SECRET], cause: new Error('below') });
    open().error({ err: error }, 'a call failed');
    expect(lines).toMatchObject([{ err: { type: 'Error', message: 'failed', cause: { message: 'below' } } }]);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it('writes for people where it is told to', () => {
    expect(() => createLogger({ name: 'points', level: 'silent', format: 'pretty' })).not.toThrow();
  });
});
