import type { OperationRequest } from '@bus/contracts';
import { executionIdOf } from '@bus/domain';
import type { EventInbox, InboxBatch, PlannedEvent } from '@bus/store';
import { InMemoryStore, type InMemoryStoreOptions } from '@bus/store/testing';
import type { SeededRandom } from '../../random';
import { LogSubscriber, type PartitionReader } from '../log-subscriber';
import type { PlannedFault } from '../planned-faults';
import type { ProcessRun } from '../process-run';
import { WorldParts, type Site } from '../world-parts';
import type { WorldPlan } from '../world-plan';
import { around } from './around';
import type { Plant } from './plant';

const LOSSY = { before: 0.1, after: 0.1 };

/** Tells the receiver that its batches continue what is stored, though they do not: it would send the reader back. */
class LyingSubscriber extends LogSubscriber {
  protected readonly told = new Map<number, bigint>();

  protected override startTold(reader: PartitionReader): bigint {
    return this.told.get(reader.partition) ?? reader.position;
  }

  protected override sought({ partition }: PartitionReader): void {
    this.told.delete(partition);
  }

  protected override commitHint(partition: number, nextOffset: bigint): void {
    this.told.delete(partition);
    super.commitHint(partition, nextOffset);
  }
}

class SkippingSubscriber extends LyingSubscriber {
  protected override failedAt(reader: PartitionReader, nextOffset: bigint): bigint {
    this.told.set(reader.partition, this.startTold(reader));
    return nextOffset;
  }
}

class PositionBeyondStored extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return { ...plan, commitLost: LOSSY };
  }

  override subscriber(process: ProcessRun, random: SeededRandom): LogSubscriber {
    return new SkippingSubscriber(this.world.broker, process, random, this.world.seen.faults);
  }
}

class LatestSubscriber extends LogSubscriber {
  protected override async startOf(partition: number): Promise<bigint> {
    const { end } = this.broker.partitions[partition];
    const stored = await this.receiver?.positions(this.broker.logId, new Map([[partition, end]]));
    return stored?.get(partition) ?? end;
  }
}

class StartAtLatest extends WorldParts {
  override subscriber(process: ProcessRun, random: SeededRandom): LogSubscriber {
    return new LatestSubscriber(this.world.broker, process, random, this.world.seen.faults);
  }
}

class StoreWithoutPositions extends InMemoryStore {
  protected override positionMatches(): boolean {
    return true;
  }
}

/** Offsets are committed to the broker before their records are stored, and begun from. */
class HintSubscriber extends LyingSubscriber {
  protected override async startOf(partition: number): Promise<bigint> {
    const stored = await this.receiver?.positions(this.broker.logId, new Map([[partition, 0n]]));
    this.told.set(partition, stored?.get(partition) ?? 0n);
    return this.broker.hints.get(partition) ?? 0n;
  }

  protected override handing({ partition }: PartitionReader, nextOffset: bigint): void {
    this.broker.hints.set(partition, nextOffset);
  }
}

class BrokerOffsetDecides extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    const faults = [1, 2, 3, 4, 5, 6].flatMap((time): PlannedFault[] => [
      { kind: 'store-away', atMs: time * 2000, durationMs: 1200, target: 0 },
      { kind: 'rebalance', atMs: time * 2000 + 500, durationMs: 0, target: 0 },
    ]);
    return { ...plan, faults };
  }

  override makeStore(options: InMemoryStoreOptions): InMemoryStore {
    return new StoreWithoutPositions(options);
  }

  override subscriber(process: ProcessRun, random: SeededRandom): LogSubscriber {
    return new HintSubscriber(this.world.broker, process, random, this.world.seen.faults);
  }
}

class QuarantineGivenUp extends WorldParts {
  override plan(plan: WorldPlan): WorldPlan {
    return { ...plan, actions: [{ atMs: 500, kind: 'undecodable', fault: 'not_json' }, ...plan.actions] };
  }

  override inbox(inner: EventInbox): EventInbox {
    // A batch with quarantine never goes together with others.
    return around(inner, { ingest: (batch: InboxBatch) => inner.ingest({ ...batch, quarantined: [] }) });
  }
}

class CallBeforeCommit extends WorldParts {
  override linkedInbox(linked: EventInbox, { world }: Site): EventInbox {
    const callAll = ({ events }: InboxBatch) => {
      for (const planned of events)
        for (const request of firstCalls(planned)) {
          const fate = { durationMs: 0, answer: 'completed' as const, diesAfterSuccess: false };
          world.network.serviceOf(request.operation).handle(request, fate, () => undefined);
        }
    };
    return around(linked, {
      ingest: (batch: InboxBatch) => {
        callAll(batch);
        return linked.ingest(batch);
      },
      ingestTogether: (batches: readonly InboxBatch[]) => {
        batches.forEach(callAll);
        return linked.ingestTogether(batches);
      },
    });

    function firstCalls({ event, graphId, executions }: PlannedEvent): OperationRequest[] {
      const graph = graphId === null ? null : world.parts.store.graphOf(graphId);
      return executions.flatMap(({ operationId, start }) => {
        const name = graph?.byId.get(operationId)?.name;
        if (name === undefined || start.kind !== 'place' || !start.slot) return [];
        return [requestOf(event, name)];
      });
    }
  }
}

function requestOf(event: PlannedEvent['event'], operation: string): OperationRequest {
  const { messageId, source, type, key, payload, occurredAt } = event;
  return {
    ...{ contract: 1, operation, executionId: executionIdOf(event, operation), attempt: 1 },
    ...{ deadlineMs: 5000, effect: 'at_least_once', traceparent: '' },
    event: { messageId, source, type, key, payload: JSON.parse(payload), occurredAt },
  };
}

export const intakePlants: Plant[] = [
  {
    name: 'trap 23: position beyond what was stored',
    guarantee: 'G2',
    breaks: 'after a batch that was not stored the reader goes on behind it',
    build: (world) => new PositionBeyondStored(world),
  },
  {
    name: 'trap 24: start at the latest',
    guarantee: 'G2',
    breaks: 'a partition without a known position begins at its end',
    build: (world) => new StartAtLatest(world),
  },
  {
    name: 'broker offset as authority',
    guarantee: 'G2',
    breaks: 'readers begin at the offset that the broker keeps, and the store compares none',
    build: (world) => new BrokerOffsetDecides(world),
  },
  {
    name: 'offset moved over a failed quarantine',
    guarantee: 'G1',
    breaks: 'a record that cannot be put into quarantine is passed over',
    build: (world) => new QuarantineGivenUp(world),
  },
  {
    name: 'call before commit',
    guarantee: 'G12',
    breaks: 'first attempts are called before the transaction that stores them is committed',
    build: (world) => new CallBeforeCommit(world),
  },
];
