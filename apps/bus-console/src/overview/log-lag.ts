import { LogEnds, type LogExtent } from '@bus/broker';
import { BusError } from '@bus/contracts';
import type { BusOverviewView } from '@bus/store';
import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';

/** The overview waits no longer for the broker. */
const WAIT_MS = 2_000;

export interface PartitionLag {
  partition: number;
  /** Offset that the next published record gets. */
  end: string;
  /** What bus-consumer has stored up to; `null`: it has not read this partition yet. */
  position: string | null;
  lag: string;
}

/** How far bus-consumer is behind the log; offsets are bigints as text. */
export type LagView =
  { logId: string; lag: string; partitions: PartitionLag[]; fault: null } | { fault: string };

/** Lag by the store's positions and the broker's ends, so that it shows while bus-consumer is down. */
@Injectable()
export class LogLag implements OnApplicationShutdown {
  private readonly logger = new Logger(LogLag.name);

  constructor(private readonly ends: LogEnds) {}

  /** Never rejects: a broker that is away is told in `fault`. */
  async read(positions: BusOverviewView['positions']): Promise<LagView> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), WAIT_MS)));
    try {
      const extent = await Promise.race([this.ends.read(), late]);
      return extent === null
        ? { fault: `the broker gave no answer in ${WAIT_MS} ms` }
        : lagOf(extent, positions);
    } catch (error) {
      if (!(error instanceof BusError)) this.logger.error({ err: error }, 'the log could not be read');
      return {
        fault: error instanceof BusError ? error.message : 'the log could not be read; see the log lines',
      };
    } finally {
      clearTimeout(timer);
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.ends.stop();
  }
}

/** Pure. Positions of other logs don't count: each log has its own. */
export function lagOf({ logId, bounds }: LogExtent, positions: BusOverviewView['positions']): LagView {
  const stored = new Map(
    positions.filter((position) => position.logId === logId).map((p) => [p.partition, BigInt(p.nextOffset)]),
  );
  let total = 0n;
  const partitions = [...bounds]
    .sort(([a], [b]) => a - b)
    .map(([partition, { start, end }]) => {
      const position = stored.get(partition);
      const behind = end - (position ?? start);
      const lag = behind > 0n ? behind : 0n;
      total += lag;
      return {
        partition,
        end: String(end),
        position: position === undefined ? null : String(position),
        lag: String(lag),
      };
    });
  return { logId, lag: String(total), partitions, fault: null };
}
