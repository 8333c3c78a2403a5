import { MetricsRegistry } from '../metrics/metrics-registry';
import { BusRpcServer, type BusRpcServerOptions } from '../rpc/bus-rpc-server';
import { RpcMetrics } from '../rpc/rpc-metrics';
import { WirePeer } from './wire-peer';

export type RpcHandler = (data: unknown, context: { getArgByIndex(index: number): unknown }) => unknown;

export interface ServedRpc {
  server: BusRpcServer;
  port: number;
  peer(): Promise<WirePeer>;
  /** Refused frames and connections by reason. */
  refusals(): Promise<Record<string, number>>;
  /** Answered errors by code. */
  errors(): Promise<Record<string, number>>;
  /** Calls that were served, by pattern. */
  served(): Promise<Record<string, number>>;
  close(): void;
}

/** A real RPC server on a free port. @param handlers by the `cmd` of their patterns */
export async function serveRpc(
  handlers: Record<string, RpcHandler>,
  options: Partial<BusRpcServerOptions> = {},
): Promise<ServedRpc> {
  const registry = new MetricsRegistry();
  const metrics = new RpcMetrics(registry);
  const server = new BusRpcServer({ host: '127.0.0.1', port: 0, metrics, ...options });
  for (const [cmd, handler] of Object.entries(handlers))
    server.addHandler({ cmd }, async (data, context) => handler(data, context));
  await new Promise<void>((resolve, reject) =>
    server.listen((error) => (error ? reject(error as Error) : resolve())),
  );
  const peers: WirePeer[] = [];
  const count = async (metric: string, label: string) => {
    const { values } = (await registry.getSingleMetric(metric)?.get()) ?? { values: [] };
    const counted = values.filter(({ metricName = metric }: { metricName?: string; value: number }) =>
      metric.endsWith('_seconds') ? metricName === `${metric}_count` : true,
    );
    return Object.fromEntries(counted.map(({ labels, value }) => [String(labels[label]), value]));
  };
  return {
    server,
    port: server.listeningPort,
    peer: async () => {
      const peer = await WirePeer.to(server.listeningPort);
      peers.push(peer);
      return peer;
    },
    refusals: () => count('bus_rpc_server_refused_total', 'reason'),
    errors: () => count('bus_rpc_server_errors_total', 'code'),
    served: () => count('bus_rpc_server_duration_seconds', 'pattern'),
    close: () => {
      for (const peer of peers) peer.destroy();
      server.close();
    },
  };
}
