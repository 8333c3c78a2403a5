import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { format, resolveConfig } from 'prettier';
import type { BenchReport } from '../report/bench-report';
import { ROOT } from '../rig/root';
import { findCosts, NoCosts } from './find-costs';
import { putBetweenMarks } from './put-between-marks';
import { renderSimulation, renderSimulationPage } from './render-simulation';
import { DEFAULT_SETUP } from './setup';
import { simulate, type Simulation } from './simulation';

const RATES = [1_000, 10_000, 100_000, 1_000_000];
const PAGE = 'docs/scaling.md';
const REPORT = 'docs/benchmarks/bench.json';

interface Options {
  replicas: number;
  shards: number;
  partitions: number;
  rate?: number;
  backlog: number;
  sharedCores?: number;
  shardCores: number;
  walLimit: number;
  report: string;
  assumed?: boolean;
  json?: boolean;
  markdown?: true | string;
}

/** Reckons from a report's costs what a larger bus would carry, need and cost. Measures nothing. */
export function simulateCommand(): Command {
  const { replicas, shards, partitions, shard } = DEFAULT_SETUP;
  return new Command('simulate')
    .description(
      'reckons from measured costs what more replicas and shards would carry, and what breaks first',
    )
    .option('--replicas <n>', 'of bus-consumer, a core each', toCount, replicas)
    .option('--shards <n>', 'of PostgreSQL; only 1 is built', toCount, shards)
    .option('--partitions <n>', 'of the event log', toCount, partitions)
    .option('--rate <events/s>', 'this rate alone (default: 1,000 to 1,000,000)', toCount)
    .option('--backlog <events>', 'that wait already', toCount, 1_000_000)
    .option('--shared-cores <n>', 'all processes are on one machine with so many', toCount)
    .option('--shard-cores <n>', 'of a shard', toCount, shard.cores)
    .option('--wal-limit <MB/s>', 'that a shard writes for good', toCount, shard.walMbPerSecond)
    .option('--report <file>', 'of a run of the bench', REPORT)
    .option('--assumed', 'takes costs that were assumed, where nothing was measured')
    .option('--json', 'prints all figures')
    .option('--markdown [file]', `writes the tables between the marks of a page (default: ${PAGE})`)
    .action((options: Options, command: Command) =>
      run(options).catch((error: unknown) => {
        if (error instanceof NoCosts) command.error(error.message);
        throw error;
      }),
    );
}

async function run(options: Options): Promise<void> {
  const simulation = simulationOf(options);
  const { check } = simulation;
  if (options.markdown !== undefined) {
    const file = resolve(ROOT, options.markdown === true ? PAGE : options.markdown);
    const page = putBetweenMarks(readFileSync(file, 'utf8'), renderSimulationPage(simulation));
    writeFileSync(file, await format(page, { ...(await resolveConfig(file)), filepath: file }));
    console.log(`Written: ${relative(process.cwd(), file)}`);
  } else console.log(options.json ? JSON.stringify(simulation, null, 2) : renderSimulation(simulation));
  if (check?.isMet === false) process.exitCode = 1;
}

function simulationOf(options: Options): Simulation {
  const { replicas, shards, partitions, rate, backlog, sharedCores, shardCores, walLimit, assumed } = options;
  const report = assumed ? null : readReport(resolve(ROOT, options.report));
  return simulate({
    setup: {
      ...DEFAULT_SETUP,
      replicas,
      shards,
      partitions,
      shard: { ...DEFAULT_SETUP.shard, cores: shardCores, walMbPerSecond: walLimit },
      sharedCores: sharedCores ?? null,
    },
    rates: rate === undefined ? RATES : [rate],
    backlogEvents: backlog,
    found: report && findCosts(report),
    reportName: report ? `commit ${report.commit}, ${report.machine}` : '',
  });
}

/** @throws NoCosts where there is none */
function readReport(file: string): BenchReport {
  const name = relative(ROOT, file);
  if (!existsSync(file))
    throw new NoCosts(`${name} is not there: run \`npm run bench\` first, or simulate with --assumed.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as BenchReport;
  } catch {
    throw new NoCosts(`${name} cannot be read: run \`npm run bench\` again.`);
  }
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a whole number from 1 up');
  return count;
}
