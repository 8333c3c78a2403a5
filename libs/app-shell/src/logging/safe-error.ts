/** Errors of these kinds quote the input in their message. */
const QUOTING = new Set(['SyntaxError', 'QueryFailedError', 'DatabaseError', 'error']);
const MAX_CAUSES = 5;

export interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: LoggedError;
}

/**
 * What a log line holds of an error: type, message, code and stack. Its other fields are left out (a failed query
 * carries its parameters), and so are the quoted parts of messages that repeat their input.
 */
export function safeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: 'a thrown value that is no Error' };
  const code = (error as { code?: unknown }).code;
  const type = error.name;
  const message = QUOTING.has(type) ? error.message.replace(/"[^]*"/g, '"…"').slice(0, 300) : error.message;
  const frames = error.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  const logged: LoggedError = { type, message };
  if (typeof code === 'string') logged.code = code;
  if (frames?.length) logged.stack = frames.join('\n');
  if (error.cause instanceof Error && depth < MAX_CAUSES) logged.cause = safeError(error.cause, depth + 1);
  return logged;
}
