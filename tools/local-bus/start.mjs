// `npm start`: lets Node read TypeScript, then runs src/main.ts in this same process, so that signals
// reach the one that has to stop the apps.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
process.chdir(root);
process.env.SWC_NODE_PROJECT ??= join(root, 'tsconfig.base.json');
const require = createRequire(import.meta.url);
require('@swc-node/register');
require('./src/main.ts');
