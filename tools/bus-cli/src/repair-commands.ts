import type { Command } from 'commander';
import { readConfig } from './bus-cli.config';
import { examine, isWell, renderDoctor } from './doctor';
import { listQuarantine, reprocessQuarantined, showQuarantined } from './quarantine';
import { isReconciled, reconcile } from './reconcile';
import { renderReconcile } from './render-reconcile';
import { sinceTime } from './since-time';

export interface RepairCommandOptions {
  /** Adds a command with the option `--console`. */
  consoleCommand(parent: Command, name: string, description: string): Command;
  /** Who types. */
  actor: string;
}

/** `quarantine`, `reconcile` and `doctor`. They set the exit code: 1 where something is not well. */
export function addRepairCommands(program: Command, { consoleCommand, actor }: RepairCommandOptions): void {
  const quarantine = program.command('quarantine').description('broker records that could not become events');

  consoleCommand(quarantine, 'list', 'the newest ones')
    .option('--limit <rows>', '1 to 200', '50')
    .action(async (options: { console: string; limit: string }) => {
      console.log(await listQuarantine(options.console, Number(options.limit)));
    });

  consoleCommand(quarantine, 'show <logId> <partition> <offset>', 'one of them, with its raw bytes').action(
    async (logId: string, partition: string, offset: string, options: { console: string }) => {
      console.log(await showQuarantined(options.console, { logId, partition, offset }));
    },
  );

  consoleCommand(
    quarantine,
    'reprocess <logId> <partition> <offset>',
    'publishes it again, if it is good by now',
  )
    .requiredOption('--reason <text>', 'why, for the audit')
    .action(
      async (
        logId: string,
        partition: string,
        offset: string,
        { console: url, reason }: { console: string; reason: string },
      ) => {
        console.log(await reprocessQuarantined(url, { logId, partition, offset }, { actor, reason }));
      },
    );

  program
    .command('reconcile')
    .description(
      'proves that all that was accepted is stored, and ended or explained (reads Postgres and the log)',
    )
    .option('--repair', 'publishes missing records again; quarantines those that cannot become events')
    .option('--since <time>', 'executions of events since then: 36h, 7d or a time; default: all')
    .action(async ({ repair, since }: { repair?: boolean; since?: string }) => {
      const report = await reconcile(readConfig(), {
        repair: repair ?? false,
        since: since === undefined ? null : sinceTime(since, new Date()),
        onProgress: showProgress,
      });
      endProgress();
      console.log(renderReconcile(report));
      process.exitCode = isReconciled(report) ? 0 : 1;
    });

  program
    .command('doctor')
    .description('checks what Postgres and the log need before a start; changes nothing')
    .action(async () => {
      const report = await examine(readConfig());
      console.log(renderDoctor(report));
      process.exitCode = isWell(report) ? 0 : 1;
    });
}

/** One line that is written over, on a terminal only: a report that is piped on stays clean. */
function showProgress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}`);
}

function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
}
