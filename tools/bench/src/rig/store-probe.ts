import { Test } from '@nestjs/testing';
import { SystemClock } from '@bus/app-shell';
import {
  BusStoreModule,
  EventControlStore,
  ExecutionLedger,
  OperationGraphs,
  type ClaimRoom,
  type DispatchContext,
} from '@bus/store';
import { ActiveGraphs } from '../../../../apps/bus-consumer/src/embedding';
import { SOURCE } from '../bus/bench-events';
import { median } from '../measure/statistics';

const LEASE_MS = 60_000;

/** The store's own statements, timed one by one, without a bus around them. */
export class StoreProbe {
  private lowWater = new Map<number, string>();

  private constructor(
    private readonly module: { close(): Promise<void> },
    private readonly ledger: ExecutionLedger,
    private readonly control: EventControlStore,
    private readonly operations: readonly number[],
    private readonly context: DispatchContext,
  ) {}

  /** @param operations ids */
  static async open(databaseUrl: string, operations: readonly number[]): Promise<StoreProbe> {
    const module = await Test.createTestingModule({
      imports: [BusStoreModule.forRoot({ databaseUrl, poolSize: 2, applicationName: 'bench probe' })],
    }).compile();
    await module.init();
    const ledger = module.get(ExecutionLedger);
    const graphs = new ActiveGraphs(module.get(OperationGraphs), new SystemClock());
    await graphs.refresh();
    const context: DispatchContext = {
      dispatcherId: await ledger.register(),
      slots: { take: () => true, release: () => undefined },
      catalog: graphs,
      event: () => undefined,
    };
    return new StoreProbe(module, ledger, module.get(EventControlStore), operations, context);
  }

  /** Median of a claim that finds nothing, ms. */
  async emptyPollMs(times: number): Promise<number> {
    await this.claim(64);
    return median(await this.timed(times, () => this.claim(64)));
  }

  /** Median of a claim of 400 rows, ms; that many times 400 rows must be due. */
  async claimMs(times: number): Promise<number> {
    return median(
      await this.timed(times, async () => {
        const { executions } = await this.claim(100);
        if (executions.length === 0) throw new Error('nothing was due: the figure would be an empty poll’s');
      }),
    );
  }

  /** Median of a cancel, ms. */
  async cancelMs(messageIds: readonly string[]): Promise<number> {
    const left = [...messageIds];
    return median(
      await this.timed(left.length, async () => {
        const messageId = left.pop() as string;
        const answer = await this.control.cancel({ source: SOURCE, messageId });
        if (answer.outcome !== 'cancelled') throw new Error(`${messageId}: ${answer.outcome}`);
      }),
    );
  }

  async close(): Promise<void> {
    await this.module.close();
  }

  private async claim(free: number) {
    const rooms = this.operations.map((operationId): ClaimRoom => ({
      operationId,
      free,
      leaseMs: LEASE_MS,
      ordered: false,
      ratePerSecond: null,
      lowWater: this.lowWater.get(operationId) ?? null,
    }));
    const outcome = await this.ledger.claim(rooms, this.context);
    for (const [operationId, mark] of outcome.lowWater) this.lowWater.set(operationId, mark);
    return outcome;
  }

  private async timed(times: number, work: () => Promise<unknown>): Promise<number[]> {
    const tookMs: number[] = [];
    for (let n = 0; n < times; n += 1) {
      const startedMs = performance.now();
      await work();
      tookMs.push(performance.now() - startedMs);
    }
    return tookMs;
  }
}
