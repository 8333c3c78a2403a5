import { Logger as NestLogger } from '@nestjs/common';
import { Logger, PinoLogger } from 'nestjs-pino';
import { createLogger } from '../logging/logger';

export type LogLine = Record<string, unknown> & { level: string; msg?: string; context?: string };

export interface RecordedLog {
  readonly lines: LogLine[];
  /** All that was written. */
  text(): string;
}

const lines: LogLine[] = [];
const logger = createLogger({
  name: 'spec',
  level: 'trace',
  destination: { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) },
});

/**
 * Nest's log goes through the apps' own logger from here on, and is kept as the lines that an app would write.
 * A second call begins anew. One log per test file: nestjs-pino keeps the first logger that it is given.
 */
export function recordLog(): RecordedLog {
  lines.length = 0;
  NestLogger.overrideLogger(new Logger(new PinoLogger({ pinoHttp: { logger } }), {}));
  return { lines, text: () => lines.map((line) => JSON.stringify(line)).join('\n') };
}
