import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { commandLineOf, endProcess, isRunning } from '@bus/embedded-postgres';

const GRACE_MS = 10_000;

/** A process that this run started. */
export interface OwnProcess {
  name: string;
  pid: number;
  /** Part of its command line that no foreign process has: ids are given away again. */
  mark: string;
  /** What ends it in good order. Default SIGTERM. */
  signal?: NodeJS.Signals;
}

interface RunRecord {
  starter: OwnProcess;
  processes: OwnProcess[];
}

/** Notes on disk what runs, so that the next start can end what a killed one left behind. */
export class RunFile {
  private readonly processes = new Map<string, OwnProcess>();

  constructor(
    private readonly path: string,
    private readonly starter: OwnProcess,
  ) {}

  /** Ends the processes of an earlier run whose starter is gone.
   *  @returns the names of those that were still running
   *  @throws Error if an earlier start still runs, with the way to stop it */
  async endLeftovers(): Promise<string[]> {
    const record = this.read();
    if (!record) return [];
    if (record.starter.pid !== process.pid && isOurs(record.starter)) {
      throw new Error(
        `Omnibus runs already, as process ${record.starter.pid}: press Ctrl-C there, or kill ${record.starter.pid}`,
      );
    }
    const left = record.processes.filter(isOurs);
    await Promise.all(left.map(({ pid, signal }) => endProcess(pid, signal ?? 'SIGTERM', GRACE_MS)));
    return left.map(({ name }) => name);
  }

  /** Replaces what was noted under the same name. */
  note(entry: OwnProcess): void {
    this.processes.set(entry.name, entry);
    const record: RunRecord = { starter: this.starter, processes: [...this.processes.values()] };
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, JSON.stringify(record, null, 1));
  }

  /** Removes this run's file; that of another run stays. */
  remove(): void {
    if (this.processes.size > 0) rmSync(this.path, { force: true });
  }

  private read(): RunRecord | null {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as RunRecord;
    } catch {
      return null; // none, or a write that was cut off by a kill
    }
  }
}

function isOurs({ pid, mark }: OwnProcess): boolean {
  return isRunning(pid) && commandLineOf(pid).includes(mark);
}
