import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { LogFormat, LogLevel } from '../app-settings';
import { currentTraceId } from '../tracing/traceparent';
import { safeError } from './safe-error';

export interface LogOptions {
  /** The app; each line carries it. */
  name: string;
  level: LogLevel;
  /** Default `json`. */
  format?: LogFormat;
  /** Default standard output. */
  destination?: DestinationStream;
}

/** One JSON line per entry, with app and trace id; errors without the values that they carry. */
export function createLogger(options: LogOptions): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { app: options.name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => safeError(error) },
    mixin: () => {
      const traceId = currentTraceId();
      return traceId === undefined ? {} : { traceId };
    },
  };
  return pino(
    settings,
    options.destination ?? (options.format === 'pretty' ? prettyStream() : pino.destination(1)),
  );
}

/** pino-pretty is a tool for people at a terminal; images do not carry it. */
function prettyStream(): DestinationStream {
  try {
    // Absent in production on purpose.
    const pretty = require('pino-pretty') as (options: object) => DestinationStream;
    return pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' });
  } catch {
    throw new Error('LOG_FORMAT=pretty needs the package pino-pretty; install it, or set LOG_FORMAT=json');
  }
}
