import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { freePort } from '@bus/proof';

const READY_WITHIN_MS = 10_000;

/** A redis-server of this run alone, on a free port of 127.0.0.1, its append-only file written every second. */
export class RedisServer {
  private constructor(
    readonly url: string,
    readonly pid: number,
    readonly version: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(dataDir: string): Promise<RedisServer> {
    const version = redisVersion();
    if (version === null)
      throw new Error(
        'redis-server is missing: install the Debian package redis-server, or leave BullMQ out',
      );
    rmSync(dataDir, { recursive: true, force: true });
    mkdirSync(dataDir, { recursive: true });
    const port = await freePort();
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dataDir, '--save', ''];
    const durability = ['--appendonly', 'yes', '--appendfsync', 'everysec'];
    const child = spawn('redis-server', [...args, ...durability], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise<void>((done, fail) => {
      const giveUp = setTimeout(() => fail(new Error('redis-server was not ready')), READY_WITHIN_MS);
      child.once('error', fail);
      child.once('exit', (code) => fail(new Error(`redis-server ended with code ${code}`)));
      child.stdout.on('data', (text: Buffer) => {
        if (!/ready to accept connections/i.test(text.toString())) return;
        clearTimeout(giveUp);
        done();
      });
    });
    return new RedisServer(`redis://127.0.0.1:${port}`, child.pid as number, version, child);
  }

  /** Forgets everything. */
  async empty(): Promise<void> {
    const { port } = new URL(this.url);
    execFileSync('redis-cli', ['-h', '127.0.0.1', '-p', port, 'flushall'], { stdio: 'pipe' });
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

/** `null`: this machine has none. */
export function redisVersion(): string | null {
  try {
    const text = execFileSync('redis-server', ['--version'], { encoding: 'utf8' });
    return /v=(\S+)/.exec(text)?.[1] ?? 'unknown';
  } catch {
    return null;
  }
}
