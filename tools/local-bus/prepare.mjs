// Before `npm start` and `npm test`: the right Node, and node_modules as package-lock.json says.
// It needs no package, so that both commands do everything on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];
const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  fail(
    `Omnibus needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.version}. Get one at https://nodejs.org`,
  );
}

const reason = whyInstall();
if (reason) {
  console.log(`Installing packages (${reason}): one to two minutes, once.`);
  const startedAt = Date.now();
  const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32', // npm is a .cmd file there
  });
  if (status !== 0)
    fail(`npm ci did not succeed${error ? `: ${error.message}` : ''}; its message stands above.`);
  console.log(`Packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s.`);
}

/** npm writes node_modules/.package-lock.json last, when all that it lists is in place. */
function whyInstall() {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!installed) return 'first run';
  const differs = Object.entries(wanted).some(
    ([path, { version, optional }]) =>
      path !== '' && (installed[path] ? installed[path].version !== version : !optional),
  );
  return differs ? 'package-lock.json names others than are installed' : undefined;
}

function packagesOf(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : undefined;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
