/** Why an app did not start, with the fix; printed as it is. */
export class StartupError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StartupError';
  }
}

/**
 * Runs a start. A failure is one readable error on standard error and exit code 1; the stack is shown only for
 * errors that nobody foresaw.
 */
export async function exitOnFailure<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    process.stderr.write(`did not start: ${readable(error)}\n`);
    process.exit(1);
  }
}

const FORESEEN = new Set(['StartupError', 'SettingsError']);

function readable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return FORESEEN.has(error.name) ? error.message : (error.stack ?? error.message);
}
