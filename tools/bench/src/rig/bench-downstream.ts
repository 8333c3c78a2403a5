import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntilReady } from '@bus/local-bus';
import { freePort } from '@bus/proof';
import type { Behaviour } from '../downstream/no-op.handler';
import type { Arena } from './arena';
import { NODE_ARGS } from './contenders';
import { ROOT } from './root';

const READY_WITHIN_MS = 30_000;

/** A service in a process of its own that does nothing, in the way it is told to. */
export class BenchDownstream {
  private constructor(
    readonly rpcPort: number,
    private readonly child: ChildProcess,
  ) {}

  /** The kit's: what the bus calls. */
  static async start(arena: Arena, behaviour: Partial<Behaviour> = {}): Promise<BenchDownstream> {
    const [httpPort, rpcPort] = [await freePort(), await freePort()];
    const service = BenchDownstream.launch(arena, 'downstream', rpcPort, {
      HTTP_PORT: String(httpPort),
      LOG_LEVEL: 'info',
      LOG_FORMAT: 'json',
      BENCH_BEHAVIOUR: JSON.stringify(behaviour),
    });
    await waitUntilReady(httpPort, READY_WITHIN_MS);
    return service;
  }

  /** Nest TCP as it comes. */
  static async startStock(arena: Arena): Promise<BenchDownstream> {
    const service = BenchDownstream.launch(arena, 'stock-downstream', await freePort(), {});
    await once(service.child, 'message');
    return service;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get endpoint(): string {
    return `tcp://127.0.0.1:${this.rpcPort}`;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  private static launch(
    arena: Arena,
    name: string,
    rpcPort: number,
    env: Record<string, string>,
  ): BenchDownstream {
    const log = openSync(join(arena.logDir, `${name}.log`), 'w');
    const child = spawn(process.execPath, [...NODE_ARGS, join(ROOT, `dist/tools/bench/${name}.js`)], {
      cwd: ROOT,
      env: { PATH: process.env.PATH, BIND_HOST: '127.0.0.1', RPC_PORT: String(rpcPort), ...env },
      stdio: ['ignore', log, log, 'ipc'],
    });
    closeSync(log);
    return new BenchDownstream(rpcPort, child);
  }
}
