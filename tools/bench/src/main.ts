import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { currentCommit, machine } from '@bus/proof';
import { meets, SLACK } from './goals';
import { KeptResults } from './report/kept-results';
import { numberText } from './report/render-markdown';
import { writeReport } from './report/write-report';
import { buildBench } from './rig/build-bench';
import { ROOT } from './rig/root';
import { runBench } from './run-bench';
import type { Goal } from './scenario';
import { ALL_SCENARIOS } from './scenarios';
import { simulateCommand } from './simulate/simulate-command';

const ROUNDS = { quick: 3, full: 5 };
const AFTER_SIGINT = 130;

interface Options {
  quick?: boolean;
  rounds?: number;
  noisy?: boolean;
  resume?: boolean;
  reportDir: string;
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(AFTER_SIGINT);
    console.error(`${signal}: stopping what this run has started`);
    stopping.abort(new Error('stopped before the end'));
  });

const program = new Command('npm run bench --').description(
  'Measures the bus beside what one would use instead, in the same run (docs/benchmarks).',
);
program
  .command('run', { isDefault: true })
  .argument('[scenarios...]', `some of ${ALL_SCENARIOS.map(({ name }) => name).join(', ')} (default: all)`)
  .option('--quick', 'the short ones, medians of 3, with a quarter of slack: for CI')
  .option('--rounds <n>', 'medians of so many (default: 5, quick: 3)', toCount)
  .option('--noisy', 'take windows that others disturb, too: for a first look')
  .option('--resume', 'measure only what no earlier run has kept; the report names its commit and its rounds')
  .option('--report-dir <dir>', 'where the report goes', 'docs/benchmarks')
  .action(bench);
program.addCommand(simulateCommand());
program.parseAsync().catch((error: Error) => {
  console.error(error.stack ?? error.message);
  process.exitCode = 1;
});

async function bench(names: string[], options: Options): Promise<void> {
  const unknown = names.filter((name) => !ALL_SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0) throw new Error(`no scenario is called ${unknown.join(', ')}`);
  const quick = options.quick === true;
  const rounds = options.rounds ?? (quick ? ROUNDS.quick : ROUNDS.full);
  const startedAt = new Date();
  const progress = (text: string) => console.log(`${clock(startedAt)} ${text}`);
  const chosen = ALL_SCENARIOS.filter(({ name, quick: isShort }) =>
    names.length > 0 ? names.includes(name) : isShort || !quick,
  );
  await buildBench(progress, stopping.signal);
  const commit = currentCommit(ROOT);
  const workDir = join(ROOT, '.data/bench');
  mkdirSync(workDir, { recursive: true });
  const found = await runBench({
    quick,
    kept: new KeptResults(join(workDir, quick ? 'kept-quick.json' : 'kept.json'), { commit, rounds, quick }),
    resume: options.resume === true,
    rounds,
    noisy: options.noisy === true,
    scenarios: chosen,
    workDir,
    signal: stopping.signal,
    progress,
  });
  if (stopping.signal.aborted) {
    process.exitCode = AFTER_SIGINT;
    return;
  }
  const page = writeReport(
    {
      commit,
      startedAt: startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      quick,
      rounds,
      machine: machine(),
      ...found,
    },
    resolve(ROOT, options.reportDir),
  );
  const goals = found.scenarios.flatMap((scenario) => scenario.goals);
  tell(goals, quick ? SLACK : 0);
  for (const { scenario, error } of found.failures) console.error(`${scenario}: ${error}`);
  console.log(`Report: ${page}`);
  const failed = goals.filter((goal) => !meets(goal, quick ? SLACK : 0)).length + found.failures.length;
  console.log(`${goals.length + found.failures.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function tell(goals: readonly Goal[], slack: number): void {
  for (const goal of goals) {
    const verdict = meets(goal) ? 'met' : meets(goal, slack) ? 'missed, within the slack' : 'MISSED';
    const wanted = `${goal.sense === 'at least' ? '≥' : '≤'} ${numberText(goal.goal)}`;
    console.log(
      `${goal.id.padEnd(4)} ${goal.text.padEnd(60)} ${numberText(goal.figure).padStart(8)} ${wanted.padEnd(8)} ${verdict}`,
    );
  }
}

function clock(startedAt: Date): string {
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1 up');
  return count;
}
