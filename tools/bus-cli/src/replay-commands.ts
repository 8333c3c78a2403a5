import type { Command } from 'commander';
import { AdminApi } from './admin-api';
import { changeReplay, previewReplay, readReplay, startReplay, type ReplayRunView } from './replay-runs';
import { replayFilter, type ReplayFilterOptions } from './replay-filter';
import { renderReplayPreview } from './render-replay-preview';
import { renderReplayRun } from './render-replay-run';

interface Options extends ReplayFilterOptions {
  console: string;
  rate: string;
  key?: string;
  reason: string;
  watch?: boolean;
}

const WATCH_EVERY_MS = 1000;

export interface ReplayCommandOptions {
  /** Adds a command with the option `--console`. */
  consoleCommand(parent: Command, name: string, description: string): Command;
  /** Who types. */
  actor: string;
}

/** `replay preview|start|status|pause|resume|cancel`. */
export function addReplayCommands(program: Command, { consoleCommand, actor }: ReplayCommandOptions): void {
  const replay = program.command('replay').description('runs dead letters again, many at a time');

  withFilter(consoleCommand(replay, 'preview', 'what a run would touch; changes nothing')).action(
    async (options: Options) => {
      console.log(
        renderReplayPreview(await previewReplay(new AdminApi(options.console), replayFilter(options))),
      );
    },
  );

  withFilter(consoleCommand(replay, 'start', 'replays what the filter selects, throttled'))
    .option('--rate <n>', 'executions per second, 1 to 1000', '50')
    .option('--key <text>', 'the same key gives the same run')
    .requiredOption('--reason <text>', 'why, for the audit')
    .option('--no-watch', 'do not wait for its end')
    .action(async (options: Options) => {
      const api = new AdminApi(options.console);
      const run = await startReplay(api, {
        filter: replayFilter(options),
        ratePerSecond: Number(options.rate),
        key: options.key,
        author: { actor, reason: options.reason },
      });
      console.log(`started replay run ${run.runId}`);
      if (options.watch) await watch(api, run);
      else console.log(renderReplayRun(run));
    });

  consoleCommand(replay, 'status <run>', 'how far a run is')
    .option('--watch', 'until it ends or is paused')
    .action(async (runId: string, options: Options) => {
      const api = new AdminApi(options.console);
      const run = await readReplay(api, runId);
      if (options.watch) await watch(api, run);
      else console.log(renderReplayRun(run));
    });

  for (const [name, state, description] of [
    ['pause', 'paused', 'stops a run until it is resumed'],
    ['resume', 'running', 'goes on where it was'],
    ['cancel', 'cancelled', 'ends a run; what was replayed stays'],
  ] as const) {
    consoleCommand(replay, `${name} <run>`, description)
      .requiredOption('--reason <text>', 'why, for the audit')
      .action(async (runId: string, options: Options) => {
        const author = { actor, reason: options.reason };
        console.log(renderReplayRun(await changeReplay(new AdminApi(options.console), runId, state, author)));
      });
  }
}

function withFilter(command: Command): Command {
  return command
    .option('--operation <name>', 'of this operation')
    .option('--cause <cause...>', 'rejected, attempts_used_up, too_old, outcome_unknown')
    .option('--type <type>', 'of events of this type')
    .option('--code <code>', 'with this code of the service')
    .option('--from <time>', 'died at or after, as 2026-01-31T08:00:00Z')
    .option('--to <time>', 'died before')
    .option('--source <source>', 'of events of this source')
    .option('--event-key <key>', 'of events with this key')
    .option('--message <id...>', 'of these messages, 500 at most');
}

/** One line a second where nobody looks, one that is written over where somebody does. */
async function watch(api: AdminApi, from: ReplayRunView): Promise<void> {
  let run = from;
  while (run.state === 'running') {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${renderReplayRun(run)}`);
    else console.log(renderReplayRun(run));
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS));
    run = await readReplay(api, run.runId);
  }
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  console.log(renderReplayRun(run));
}
