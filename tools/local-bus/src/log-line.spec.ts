import { stripVTControlCharacters } from 'node:util';
import { formatLogLine } from './log-line';

function shown(line: unknown, verbose = false): string | null {
  const formatted = formatLogLine(typeof line === 'string' ? line : JSON.stringify(line), verbose);
  return formatted === null ? null : stripVTControlCharacters(formatted);
}

describe(formatLogLine, () => {
  it('makes one readable line of a pino entry, without what every line repeats', () => {
    const entry = {
      level: 'warn',
      time: 1,
      pid: 7,
      hostname: 'h',
      name: 'points',
      msg: 'pool is full',
      waiting: 12,
    };
    expect(shown(entry)).toBe('WARN pool is full waiting=12');
  });

  it('leaves out what is below a warning unless asked for all', () => {
    const entry = { level: 'info', msg: 'started' };
    expect(shown(entry)).toBeNull();
    expect(shown(entry, true)).toBe('info started');
  });

  it('shows what failed, without the stack', () => {
    const entry = {
      level: 'error',
      msg: 'no connection',
      err: { message: 'refused', code: 'ECONNREFUSED', stack: 'at' },
    };
    expect(shown(entry)).toBe('ERROR no connection (refused, ECONNREFUSED)');
  });

  it('always shows a line that is no log entry, and never an empty one', () => {
    expect(shown('Error: boom')).toBe('Error: boom');
    expect(shown('{ not json')).toBe('{ not json');
    expect(shown('{"some":"json"}')).toBe('{"some":"json"}');
    expect(shown('{"level":7}')).toBe('{"level":7}');
    expect(shown('  ')).toBeNull();
  });

  it('shortens a long value', () => {
    expect(shown({ level: 'error', msg: 'm', text: 'x'.repeat(500) })).toMatch(/^ERROR m text=x{200}…$/);
  });
});
