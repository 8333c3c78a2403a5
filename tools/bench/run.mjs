// `npm run bench`: lets Node read TypeScript, then runs src/main.ts in this same process.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
process.env.SWC_NODE_PROJECT ??= join(here, '../../tsconfig.base.json');
const require = createRequire(import.meta.url);
require('@swc-node/register');
require('./src/main.ts');
