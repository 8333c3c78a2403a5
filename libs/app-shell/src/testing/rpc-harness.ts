import { Logger } from '@nestjs/common';
import type { MessageHandler } from '@nestjs/microservices';
import { MetricsRegistry } from '../metrics/metrics-registry';
import { BusRpcServer, type BusRpcServerOptions } from '../rpc/bus-rpc-server';
import { RpcMetrics } from '../rpc/rpc-metrics';
import { RawPeer } from './raw-peer';

/** A promise that the test settles. */
export function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

/** Everything that is logged from here on, in place of being printed. */
export function captureLog(): unknown[][] {
  const lines: unknown[][] = [];
  const take = (...line: unknown[]) => void lines.push(line);
  Logger.overrideLogger({ log: take, warn: take, error: take, fatal: take, debug: take });
  return lines;
}

/** A `BusRpcServer` on a free port, with its metrics. `ECHO` answers its data. */
export async function startRpcServer(options: Partial<BusRpcServerOptions> = {}) {
  const registry = new MetricsRegistry();
  const metrics = new RpcMetrics(registry);
  const server = new BusRpcServer({ host: '127.0.0.1', port: 0, metrics, ...options });
  const peers: RawPeer[] = [];
  server.addHandler(ECHO, ((data: unknown) => Promise.resolve(data)) as MessageHandler);
  await new Promise<void>((resolve, reject) => {
    server.listen((error) => (error ? reject(error as Error) : resolve()));
  });
  const counted = async (name: string, label: Record<string, string>) => {
    const { values } = await (
      registry.getSingleMetric(name) as NonNullable<ReturnType<MetricsRegistry['getSingleMetric']>>
    ).get();
    const [key, value] = Object.entries(label)[0] as [string, string];
    const found = values.find(({ labels }) => (labels as Record<string, unknown>)[key] === value);
    return found?.value ?? 0;
  };
  return {
    server,
    port: server.listeningPort,
    handle: (pattern: object | string, handler: (...args: never[]) => unknown, isEvent = false) =>
      server.addHandler(pattern, handler as MessageHandler, isEvent),
    peer: async () => {
      const peer = await RawPeer.connect(server.listeningPort);
      peers.push(peer);
      return peer;
    },
    refusals: (reason: string) => counted('bus_rpc_server_refused_total', { reason }),
    errors: (code: string) => counted('bus_rpc_server_errors_total', { code }),
    stop: () => {
      for (const peer of peers) peer.destroy();
      server.close();
    },
  };
}

export type RunningRpcServer = Awaited<ReturnType<typeof startRpcServer>>;

export const ECHO = { cmd: 'test.echo' };
