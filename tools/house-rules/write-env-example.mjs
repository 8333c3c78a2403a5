// `npm run env-example`: writes .env.example anew from the apps' settings.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
process.env.SWC_NODE_PROJECT = join(root, 'tsconfig.base.json');
const require = createRequire(import.meta.url);
require('@swc-node/register');
require('reflect-metadata');
const { envExample } = require('./src/env-example.ts');
const { loadEndpointNames, loadSettings } = require('./src/load-settings.ts');
const { filesOfTree } = require('./src/tree.ts');

const files = filesOfTree();
writeFileSync(join(root, '.env.example'), envExample(loadSettings(files), loadEndpointNames(files)));
