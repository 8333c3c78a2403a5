import { createInterface } from 'node:readline';
import { z } from 'zod';
import { booleanSetting, commonSettings, ports } from '../app-settings';
import { bootstrap } from '../bootstrap';
import { readSettings } from '../env-reader';
import { DrainState } from '../health/drain-state';
import { closing, exampleOptions, held } from './shell-app';

const settings = z.object({
  ...commonSettings.shape,
  ...ports({ http: 0, rpc: 0 }),
  FAIL_TO_START: booleanSetting(false),
});

/** An app's `main.ts`, save that the test lets calls go and makes it fail by lines on standard input. */
void bootstrap(() => {
  const { HTTP_PORT, RPC_PORT, BIND_HOST, LOG_LEVEL, FAIL_TO_START } = readSettings(settings);
  if (FAIL_TO_START) throw new Error('the start failed');
  return exampleOptions({
    version: '1.2.3',
    http: { port: HTTP_PORT, host: BIND_HOST },
    rpc: { port: RPC_PORT, host: BIND_HOST },
    logLevel: LOG_LEVEL,
  });
}).then((app) => {
  app.get(DrainState).onDrain('example', async () => void process.stdout.write('drained\n'));
  createInterface(process.stdin).on('line', (line) => {
    if (line === 'release') held.release();
    if (line === 'throw') throw new Error('nobody caught this');
    if (line === 'reject') void Promise.reject(new Error('nobody caught this'));
    if (line === 'refuse-to-close') closing.run = () => Promise.reject(new Error('is stuck'));
  });
});
