import { join } from 'node:path';
import type { Arena } from './arena';
import { ContenderProcess } from './contender-process';
import { ROOT } from './root';

/** Starts one of the callers without a bus, from its bundle: `stock-caller`, `hop-probe`. */
export async function startPlainCaller(
  arena: Arena,
  name: 'stock-caller' | 'hop-probe',
  rpcPort: number,
  databaseUrl: string,
): Promise<ContenderProcess> {
  const { process: caller } = await ContenderProcess.start({
    name,
    command: process.execPath,
    args: ['--max-semi-space-size=64', join(ROOT, `dist/tools/bench/${name}.js`)],
    env: { RPC_PORT: String(rpcPort), DATABASE_URL: databaseUrl },
    cwd: ROOT,
    logFile: join(arena.logDir, `${name}.log`),
    signal: arena.options.signal,
  });
  return caller;
}
