import { stripVTControlCharacters } from 'node:util';
import colours from 'picocolors';
import type { AttemptSummary, EventStatus, ExecutionState, ExecutionSummary } from '@bus/contracts';

const PAINT: Partial<Record<ExecutionState, (text: string) => string>> = {
  completed: colours.green,
  skipped: colours.dim,
  retrying: colours.yellow,
  waiting: colours.yellow,
  held: colours.yellow,
  scheduled: colours.cyan,
  rejected: colours.red,
  dead: colours.red,
  cancelled: colours.magenta,
};
/** As wide as `publishes order.payment-timeout`. */
const WHAT_WIDTH = 33;
/** As wide as the longest state. */
const STATE_WIDTH = 9;
/** On its way: it will be told once it has arrived. */
const PASSING: ReadonlySet<ExecutionState> = new Set(['in_flight']);

/** Prints what happens, each line with the time since the story began. */
export class Timeline {
  private readonly startedAt: number;
  private readonly told = new Map<string, string>();

  /** @param now monotonic, in ms */
  constructor(
    private readonly print: (line: string) => void,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.startedAt = now();
  }

  /** A new part of the story. */
  chapter(title: string): void {
    this.print('');
    this.print(`  ${colours.bold(title)}`);
  }

  /** Somebody does something. */
  tell(who: string, what: string, detail = ''): void {
    const elapsed = `${((this.now() - this.startedAt) / 1000).toFixed(2)} s`.padStart(8);
    const gap = ' '.repeat(Math.max(1, WHAT_WIDTH - stripVTControlCharacters(what).length));
    const rest = detail ? `${what}${gap}${colours.dim(detail)}` : what;
    this.print(`  ${colours.dim(elapsed)}  ${who.padEnd(9)} ${rest}`);
  }

  /** What has become of an event's operations since the last look; nothing if nothing has changed. */
  changes(status: EventStatus): void {
    for (const execution of status.executions) {
      if (PASSING.has(execution.state)) continue;
      const key = `${status.event.source} ${status.event.messageId} ${execution.operation}`;
      const news = `${execution.state} ${execution.attempt}`;
      if (this.told.get(key) === news) continue;
      this.told.set(key, news);
      const [service = ''] = execution.operation.split('.');
      this.tell(
        service,
        `${execution.operation.padEnd(19)} ${paintState(execution.state)}`,
        detailOf(execution, status.attempts),
      );
    }
  }
}

/** The last words on an event's operations, as rows of a table. */
export function statusTable(
  rows: readonly { operation: string; state: ExecutionState; attempts: number; effect: string }[],
): string[] {
  const head = `  ${'operation'.padEnd(20)}${'state'.padEnd(STATE_WIDTH + 2)}${'attempts'.padEnd(10)}what it did`;
  return [
    colours.dim(head),
    ...rows.map(
      (row) =>
        `  ${row.operation.padEnd(20)}${paintState(row.state)}${' '.repeat(STATE_WIDTH + 2 - row.state.length)}` +
        `${String(row.attempts).padEnd(10)}${row.effect}`,
    ),
  ];
}

function detailOf(
  { operation, state, attempt }: ExecutionSummary,
  attempts: readonly AttemptSummary[],
): string {
  if (state === 'waiting') return 'for an operation that it depends on';
  if (state === 'retrying') {
    const last = attempts.filter((one) => one.operation === operation).at(-1);
    return `attempt ${attempt}: ${last ? causeOf(last) : 'no answer'}; it is tried again`;
  }
  return state === 'completed' && attempt > 1 ? `on attempt ${attempt}` : '';
}

function causeOf({ outcome, reason, code }: AttemptSummary): string {
  const why = reason ?? code;
  if (outcome === 'unreachable') return `nobody listens there${why ? ` (${why})` : ''}`;
  return why ?? outcome;
}

function paintState(state: ExecutionState): string {
  return (PAINT[state] ?? String)(state);
}
