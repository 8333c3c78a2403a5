import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually, within } from './eventually';

const ROOT = join(__dirname, '../../../..');

export interface ExampleProcess {
  /** The log lines so far, and what is no line of JSON as `{ text }`. */
  lines(): Record<string, unknown>[];
  output(): string;
  errors(): string;
  url(): Promise<string>;
  rpcPort(): Promise<number>;
  /** Writes a line to its standard input. */
  tell(line: string): void;
  signal(name: NodeJS.Signals): void;
  /** How it ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(): void;
}

/** The example app as a process of its own, read as TypeScript, as `main.ts` of an app would start it. */
export function startExampleProcess(env: Record<string, string> = {}): ExampleProcess {
  const child = spawn(process.execPath, ['-r', '@swc-node/register', join(__dirname, 'example-main.ts')], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], SWC_NODE_PROJECT: join(ROOT, 'tsconfig.base.json'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const closed = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  const lines = () =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => (line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : { text: line }));
  const ports = async () => {
    const ready = () => lines().find(({ ports: found }) => found !== undefined);
    await eventually(() => ready() !== undefined || child.exitCode !== null, 'the app to be ready');
    if (!ready()) throw new Error(`the app ended: ${output}${errors}`);
    return ready()?.['ports'] as { http: number; rpc: number };
  };
  return {
    lines,
    output: () => output,
    errors: () => errors,
    url: async () => `http://127.0.0.1:${(await ports()).http}`,
    rpcPort: async () => (await ports()).rpc,
    tell: (line) => child.stdin.write(`${line}\n`),
    signal: (name) => child.kill(name),
    get ended() {
      return within(closed, 'the end of the process');
    },
    kill: () => child.kill('SIGKILL'),
  };
}
