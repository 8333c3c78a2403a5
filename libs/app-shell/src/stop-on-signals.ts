import type { INestApplication } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import { DrainState } from './health/drain-state';

/** Drain and close must end within Kubernetes' grace of 40 s. */
const DRAIN_MS = 25_000;
const CLOSE_MS = 10_000;
/** nestjs-pino takes the last argument for the context: without one, the message would be. */
const CONTEXT = 'Shutdown';

/**
 * SIGTERM or SIGINT: not ready, drain, Nest's `close()`, exit 0; a second signal ends it at once.
 * Nest's own hooks close before anything could drain. An error that nobody caught is logged, then exit 1.
 */
export function stopOnSignals(app: INestApplication): void {
  const logger = app.get(Logger);
  let stopping = false;
  const stop = (signal: string): void => {
    if (stopping) process.exit(1);
    stopping = true;
    logger.log({ signal }, 'stopping', CONTEXT);
    void stopApp(app).then(
      (inTime) => {
        logger.log({ inTime }, 'stopped', CONTEXT);
        process.exit(0);
      },
      (error: unknown) => {
        logger.error({ err: error }, 'did not stop cleanly', CONTEXT);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  const crash = (error: unknown): void => {
    logger.fatal({ err: error }, 'an error that nobody caught', CONTEXT);
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
}

/** @returns false where the drain was cut short @throws Error where `close()` fails or hangs */
export async function stopApp(app: INestApplication): Promise<boolean> {
  const inTime = await app.get(DrainState).drain(DRAIN_MS);
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`close() did not end in ${CLOSE_MS} ms`)), CLOSE_MS);
  });
  await Promise.race([app.close(), hung]).finally(() => clearTimeout(timer));
  return inTime;
}
