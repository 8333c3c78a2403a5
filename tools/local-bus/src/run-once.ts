import { spawn } from 'node:child_process';

const KEPT_CHARACTERS = 4_000;

/** Runs a script of this workspace to its end; `signal` ends it before.
 *  @throws Error with the last of its output, unless it ends with 0 */
export async function runOnce(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, args, { cwd, env, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-KEPT_CHARACTERS)));
  }
  const how = await new Promise<string | null>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done(code === 0 ? null : (signal ?? `code ${code}`)));
  });
  if (how !== null) throw new Error(`${name} ended with ${how}:\n${said.trim()}`);
}
