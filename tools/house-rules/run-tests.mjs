// `npm test`: format, lint, typecheck, build and every test of the tree, as CI runs them.
// The last line is `N passed, N failed`: each stage counts one, and each test.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(import.meta.url);
const startedAt = performance.now();
const scratch = mkdtempSync(join(tmpdir(), 'omnibus-tests-'));
const EXIT_WITHIN_MS = 30_000;
const inCi = process.env.CI === 'true';
const env = { ...process.env, NX_DAEMON: 'false', NX_NO_CLOUD: 'true', NX_TUI: 'false' };
let passed = 0;
let failed = 0;

try {
  // Two lanes for two cores. Lint comes after the build: its walls need the project graph that Nx makes there.
  await Promise.all([
    lane([
      ['format', 'prettier/bin/prettier.cjs', '--check', '--cache', '--log-level=warn', '.'],
      ['build', 'nx/dist/bin/nx.js', 'run-many', '-t', 'build', '--outputStyle=stream'],
      [
        'lint',
        'eslint/bin/eslint.js',
        '.',
        '--max-warnings=0',
        '--cache',
        '--cache-location=node_modules/.cache/eslint/',
      ],
    ]),
    // One program over the whole tree: twenty projects one by one read the same libraries twenty times.
    lane([['typecheck', 'typescript/bin/tsc', '-p', 'tools/house-rules/tsconfig.tree.json']]),
  ]);
  await tests();
  const kafka = kafkaHalf();
  console.log(`\nTook ${duration(performance.now() - startedAt)}.`);
  if (kafka) console.log(kafka);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

async function lane(stages) {
  for (const [name, script, ...args] of stages) await stage(name, script, args);
}

/** Runs a tool of node_modules; its output is shown when it fails. */
async function stage(name, script, args) {
  const began = performance.now();
  let output = '';
  const code = await run(script, args, (text) => (output += text));
  count(code === 0, name, began);
  if (code !== 0) console.log(output.trimEnd());
}

/** All projects in one Jest run: one PostgreSQL, two workers. Its output is shown as it comes. */
async function tests() {
  const began = performance.now();
  const summary = join(scratch, 'jest.json');
  console.log('\nTests:');
  const args = [
    '--json',
    `--outputFile=${summary}`,
    '--testLocationInResults=false',
    ...(inCi ? ['--ci', '--maxWorkers=2'] : []),
  ];
  const code = await run('jest/bin/jest.js', args, undefined, (child) => endOnceWritten(child, summary));
  const result = readSummary(summary);
  passed += result.numPassedTests;
  failed += result.numFailedTests + result.numRuntimeErrorTestSuites;
  // Without a failed test, Jest may still have failed: its own set-up, or a process that it could not end.
  count(code === 0, `tests (${result.numPassedTests} passed, ${result.numPendingTests} not run)`, began);
}

/** A test that left a process or a socket behind would keep Jest, and with it CI, for ever: its results are written
 *  once all tests are over, and soon after that it is ended, which counts as a failure. */
function endOnceWritten(child, summary) {
  let writtenAt;
  const look = setInterval(() => {
    if (writtenAt === undefined && existsSync(summary)) writtenAt = performance.now();
    if (writtenAt === undefined || performance.now() - writtenAt < EXIT_WITHIN_MS) return;
    console.log(
      `Jest did not end within ${duration(EXIT_WITHIN_MS)} of its last test: something that a test started still runs.`,
    );
    child.kill('SIGKILL');
    clearInterval(look);
  }, 1_000);
  child.once('exit', () => clearInterval(look));
}

function readSummary(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0, numPendingTests: 0 };
  }
}

/** What was not run for lack of Java or Maven; in CI that is a failure. */
function kafkaHalf() {
  process.env.SWC_NODE_PROJECT = join(root, 'tsconfig.base.json');
  require('@swc-node/register');
  const availability = require('../kafka-dev/src/java-tools.ts').kafkaAvailable();
  if (availability.available || process.env.TEST_KAFKA_BROKERS) return '';
  if (inCi) failed += 1;
  return `THE KAFKA HALF WAS NOT RUN: this machine lacks ${availability.missing}.${inCi ? ' In CI that is a failure.' : ''}`;
}

function run(script, args, onText, onStart) {
  const child = spawn(process.execPath, [join(root, 'node_modules', script), ...args], {
    cwd: root,
    env,
    stdio: onText ? ['ignore', 'pipe', 'pipe'] : ['ignore', process.stderr, 'inherit'],
  });
  onStart?.(child);
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', onText);
  return new Promise((done, fail) => child.once('error', fail).once('close', done));
}

function count(well, name, began) {
  if (well) passed += 1;
  else failed += 1;
  console.log(`${well ? '✓' : '✗'} ${name} ${duration(performance.now() - began)}`);
}

function duration(ms) {
  const seconds = ms / 1000;
  return seconds < 60
    ? `${seconds.toFixed(1)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
