import colours from 'picocolors';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
type Level = (typeof LEVELS)[number];
const SHOWN_WITHOUT_ASKING: ReadonlySet<Level> = new Set(['warn', 'error', 'fatal']);
/** Said by the prefix or by the level already, or the same in every line. */
const NOT_REPEATED = new Set([
  'level',
  'time',
  'msg',
  'pid',
  'hostname',
  'name',
  'app',
  'err',
  'v',
  'context',
  'version',
]);
const LONGEST_VALUE = 200;

/** One line of an app's output, made readable for a person; `null` if it is to be left out.
 *  A line that is no pino JSON (a stack of a crash, a warning of Node) is always shown as it is.
 *  @param verbose also what is below a warning */
export function formatLogLine(line: string, verbose: boolean): string | null {
  const entry = parseEntry(line);
  if (!entry) return line.trim() === '' ? null : line;
  if (!SHOWN_WITHOUT_ASKING.has(entry.level) && !verbose) return null;
  const context = typeof entry['context'] === 'string' ? `${colours.dim(entry['context'])} ` : '';
  const fields = Object.entries(entry)
    .filter(([name]) => !NOT_REPEATED.has(name))
    .map(([name, value]) => colours.dim(`${name}=${shorten(value)}`));
  const cause = causeOf(entry['err']);
  return [`${paintLevel(entry.level)} ${context}${entry.msg ?? ''}`, cause, ...fields]
    .filter(Boolean)
    .join(' ');
}

interface LogEntry extends Record<string, unknown> {
  level: Level;
  msg?: string;
}

function parseEntry(line: string): LogEntry | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as LogEntry;
    return LEVELS.includes(entry.level) ? entry : null;
  } catch {
    return null;
  }
}

function causeOf(error: unknown): string {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown };
  const told = [message, code].filter((part) => typeof part === 'string').join(', ');
  return told && colours.red(`(${told})`);
}

function shorten(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
}

function paintLevel(level: Level): string {
  if (!SHOWN_WITHOUT_ASKING.has(level)) return colours.dim(level);
  return level === 'warn' ? colours.yellow('WARN') : colours.red(level.toUpperCase());
}
