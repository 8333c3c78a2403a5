import { openWindow, type Usage } from '../measure/usage-window';
import type { Loaded, LoadRequest } from '../bus/load';
import type { Arena, BenchDatabase } from '../rig/arena';
import { BenchDownstream } from '../rig/bench-downstream';
import { omnibus, type RunningContender } from '../rig/contenders';
import type { Behaviour } from '../downstream/no-op.handler';

const LOAD_WITHIN_MS = 300_000;

/** What the bus and its service are started with. */
export interface BusRoundOptions {
  /** `null`: no-op handlers within the bus's process. */
  service: Partial<Behaviour> | null;
  /** Settings by operation; `*`: of all. */
  operations?: Record<string, object>;
  /** Default: a fresh one. */
  database?: BenchDatabase;
}

export interface BusRound {
  running: RunningContender;
  load(request: Omit<LoadRequest, 'kind'>): Promise<Loaded>;
  /** The same, in a window of its own. */
  measured(request: Omit<LoadRequest, 'kind'>): Promise<{ usage: Usage; loaded: Loaded }>;
}

/** A fresh bus, with a service of its own where it needs one, for one round. */
export async function withBus<T>(
  arena: Arena,
  options: BusRoundOptions,
  work: (round: BusRound) => Promise<T>,
): Promise<T> {
  const service = options.service ? await BenchDownstream.start(arena, options.service) : null;
  const env = {
    ...(service ? { BENCH_ENDPOINT: service.endpoint } : {}),
    BENCH_OPERATIONS: JSON.stringify(options.operations ?? {}),
  };
  const running = await omnibus.start(arena, env, options.database);
  const load = (request: Omit<LoadRequest, 'kind'>) =>
    running.process.ask<Loaded>({ kind: 'load', ...request } as LoadRequest, 'loaded', LOAD_WITHIN_MS);
  const roots = { ...running.roots, ...(service ? { service: service.pid } : {}) };
  try {
    return await work({
      running,
      load,
      measured: async (request) => {
        await arena.checkpoint();
        const close = openWindow(roots);
        const loaded = await load(request);
        return { usage: close(), loaded };
      },
    });
  } finally {
    await running.stop();
    await service?.stop();
  }
}
