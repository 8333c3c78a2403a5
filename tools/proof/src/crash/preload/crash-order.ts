import { existsSync, renameSync, writeFileSync } from 'node:fs';
import type { CrashPointName, CrashSignal } from '../crash-points';

/** What one armed process has to do to itself. */
export interface CrashOrder {
  point: CrashPointName;
  /** From 1. */
  hit: number;
  signal: CrashSignal;
  /** Appears the moment before the signal. */
  markerFile: string;
}

/** The order as environment of the armed process. */
export function crashEnv(order: CrashOrder): Record<string, string> {
  return {
    CRASH_POINT: order.point,
    CRASH_HIT: String(order.hit),
    CRASH_SIGNAL: order.signal,
    CRASH_MARKER: order.markerFile,
  };
}

/** @returns `null`: this process is not armed, or an earlier life of it has reached the point */
export function readCrashOrder(env: NodeJS.ProcessEnv): CrashOrder | null {
  const { CRASH_POINT: point, CRASH_HIT: hit, CRASH_SIGNAL: signal, CRASH_MARKER: markerFile } = env;
  if (!point || !markerFile || existsSync(markerFile)) return null;
  return {
    point: point as CrashPointName,
    hit: Number(hit ?? 1),
    signal: signal === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL',
    markerFile,
  };
}

/** Counts how often the point was reached, and sends the signal at its time: once. */
export class CrashTrigger {
  private reachedSoFar = 0;
  private isSpent = false;

  constructor(readonly order: CrashOrder) {}

  waitsFor(point: CrashPointName): boolean {
    return !this.isSpent && this.order.point === point;
  }

  /** Does not return where the order says SIGKILL and it is time; with SIGSTOP, once the process goes on. */
  reached(point: CrashPointName): void {
    if (!this.waitsFor(point)) return;
    this.reachedSoFar += 1;
    if (this.reachedSoFar < this.order.hit) return;
    this.isSpent = true;
    const { markerFile, hit, signal } = this.order;
    // Renamed, so that nobody reads half of it; a synchronous write outlives the process.
    const part = `${markerFile}.part`;
    writeFileSync(part, JSON.stringify({ point, hit, signal, pid: process.pid, atMs: Date.now() }));
    renameSync(part, markerFile);
    process.kill(process.pid, signal);
  }
}
