import { readFileSync } from 'node:fs';

/** Resident memory of a process, in MB; `null`: it is gone, or this system has no /proc. */
export function rssMbOf(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  try {
    const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? null : Math.round(Number(kb) / 1024);
  } catch {
    return null; // it ended between two looks
  }
}
