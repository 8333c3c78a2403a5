import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { PartResult } from '../layer';
import type { SeedChunk } from './seed-chunk';
import type { WorkerReport } from './seed-worker';

const WORKERS = 2;

export interface WorkListener {
  /** One more seed has run. */
  seed(violations: number): void;
  chunk(result: PartResult): void;
}

/** Runs chunks in two threads, each chunk in one of them. @throws what ends a thread, or the signal's reason */
export async function runInWorkers(
  chunks: readonly SeedChunk[],
  listener: WorkListener,
  signal: AbortSignal,
): Promise<void> {
  const left = [...chunks];
  const workers = Array.from({ length: Math.min(WORKERS, left.length) }, () => {
    const options = { execArgv: ['--require', require.resolve('@swc-node/register')] };
    return new Worker(join(__dirname, 'seed-worker.ts'), options);
  });
  try {
    await Promise.all(workers.map((worker) => work(worker, left, listener, signal)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function work(worker: Worker, left: SeedChunk[], listener: WorkListener, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = () => {
      const chunk = left.shift();
      if (chunk) worker.postMessage(chunk);
      else resolve();
    };
    worker.on('message', (report: WorkerReport) => {
      if (report.kind === 'seed') return listener.seed(report.violations);
      listener.chunk(report.result);
      next();
    });
    worker.on('error', reject);
    worker.on('exit', (code) => reject(new Error(`a thread ended with code ${code}`)));
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    next();
  });
}
