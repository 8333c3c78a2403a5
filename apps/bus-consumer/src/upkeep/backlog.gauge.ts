import { Injectable } from '@nestjs/common';
import { BusOverview } from '@bus/store';
import { ConsumerMetrics } from '../consumer-metrics';
import { OperationSlots } from '../dispatch/operation-slots';
import { ActiveGraphs } from '../graphs/active-graphs';
import { Chores } from './chores';

const EVERY_MS = 60_000;

/** What waits in the store, as the whole cluster sees it, and which services this replica takes to be away. */
@Injectable()
export class BacklogGauge {
  constructor(
    private readonly overview: BusOverview,
    private readonly metrics: ConsumerMetrics,
    private readonly graphs: ActiveGraphs,
    private readonly slots: OperationSlots,
    chores: Chores,
  ) {
    chores.add('backlog', EVERY_MS, () => this.measure());
  }

  async measure(): Promise<void> {
    this.metrics.breakerOpen.reset(); // operations that are gone
    for (const { operationId, name } of this.graphs.operations())
      this.metrics.breakerOpen.set({ operation: name }, this.slots.breakerOpen(operationId) ? 1 : 0);
    const { blockedLanes, due, overdueForMs, waiting } = await this.overview.read();
    this.metrics.lanesBlocked.set(blockedLanes);
    this.metrics.dueRows.set(due);
    this.metrics.overdueSeconds.set(overdueForMs / 1000);
    this.metrics.waitingRows.set(waiting);
  }
}
