import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { AdminApi } from './admin-api';
import { applyOperations, planOperations, type OperationsOptions } from './apply-operations';
import { plainText } from './plain-text';
import { defaultFiles } from './read-operations';
import { renderPlan, renderReport } from './render-plan';
import { addRepairCommands } from './repair-commands';
import { addReplayCommands } from './replay-commands';
import { showEvent } from './show-event';

const ROOT = resolve(__dirname, '../../..');
const CONSOLE = process.env['BUS_CONSOLE_URL'] || 'http://127.0.0.1:4010';

interface Options {
  console: string;
  prune?: boolean;
  reason?: string;
}

interface ActiveGraphs {
  graphs: {
    eventType: string;
    version: number;
    operations: { name: string; endpoint: string | null; state: string }[];
  }[];
}

/** Exit codes: 0 done, 1 refused or not reached, 2 wrong usage. */
const program = new Command('npm run bus --')
  .description('The bus from the command line, over the admin API of bus-console.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

const operations = program.command('operations').description('what reacts to which event');

fileCommand('plan', 'shows what applying the files would change').action(
  async (files: string[], options: Options) => {
    console.log(renderPlan(await planOperations(toOperations(files, options))));
  },
);

fileCommand('apply', 'activates what the files say, all event types or none')
  .option('--reason <text>', 'why, for the audit')
  .action(async (files: string[], options: Options) => {
    const report = await applyOperations(toOperations(files, options), author(options));
    console.log(`${renderPlan(report.plan)}\n${renderReport(report)}`);
  });

consoleCommand(operations, 'list', 'what is active now').action(async (options: Options) => {
  const { graphs } = await new AdminApi(options.console).get<ActiveGraphs>('/operations');
  for (const graph of graphs) {
    console.log(`${graph.eventType} (version ${graph.version})`);
    for (const { name, state, endpoint } of graph.operations)
      console.log(`  ${name.padEnd(24)} ${state.padEnd(9)} ${plainText(endpoint ?? 'built in')}`);
  }
});

for (const [name, description] of [
  ['pause', 'starts no execution of it, keeps all'],
  ['resume', 'goes on'],
  ['disable', 'new events skip it'],
] as const) {
  consoleCommand(operations, `${name} <operation>`, description)
    .option('--reason <text>', 'why, for the audit')
    .action(async (operation: string, options: Options) => {
      const path = `/operations/${encodeURIComponent(operation)}/${name}`;
      const answer = await new AdminApi(options.console).post<{ state: string }>(path, author(options));
      console.log(`${plainText(operation)} is ${answer.state}`);
    });
}

const events = program.command('events').description('what became of an event');

consoleCommand(events, 'show <source> <messageId>', 'its operations, and what happened in order').action(
  async (source: string, messageId: string, options: Options) => {
    console.log(await showEvent(options.console, { source, messageId }));
  },
);

addRepairCommands(program, { consoleCommand, actor: userInfo().username });
addReplayCommands(program, { consoleCommand, actor: userInfo().username });

program.parseAsync().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});

function consoleCommand(parent: Command, name: string, description: string): Command {
  const where = 'http://host:port of bus-console, or BUS_CONSOLE_URL';
  return parent.command(name).description(description).option('--console <url>', where, CONSOLE);
}

function fileCommand(name: string, description: string): Command {
  return consoleCommand(operations, name, description)
    .argument('[files...]', 'operations.yaml files; default: those of all apps, and the demo’s')
    .option('--prune', 'remove active operations that no file names');
}

/** Files are named from where the command was typed: npm changes to the root. */
function toOperations(files: readonly string[], options: Options): OperationsOptions {
  const typedIn = process.env['INIT_CWD'] || process.cwd();
  return {
    consoleUrl: options.console,
    files: files.length > 0 ? files.map((file) => resolve(typedIn, file)) : defaultFiles(ROOT),
    prune: options.prune ?? false,
  };
}

function author(options: Options): { actor: string; reason?: string } {
  return { actor: userInfo().username, ...(options.reason ? { reason: options.reason } : {}) };
}
