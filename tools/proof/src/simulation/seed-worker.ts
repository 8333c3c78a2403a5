import { constants, setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { PartResult } from '../layer';
import { runChunk, type SeedChunk } from './seed-chunk';

/** What a worker tells: a seed has run, or its chunk is done. */
export type WorkerReport = { kind: 'seed'; violations: number } | { kind: 'chunk'; result: PartResult };

/** Virtual time can wait; the layer beside it runs on real time. 0 is this thread alone, on Linux. */
setPriority(0, constants.priority.PRIORITY_LOW);

const port = parentPort;
port?.on('message', (chunk: SeedChunk) => {
  void runChunk(chunk, ({ violations }) =>
    port.postMessage({ kind: 'seed', violations: violations.length } satisfies WorkerReport),
  ).then((result) => port.postMessage({ kind: 'chunk', result } satisfies WorkerReport));
});
