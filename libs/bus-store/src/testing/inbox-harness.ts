import type { EventReference } from '@bus/contracts';
import { contentHash, fanOut, identityOf, type FanOutContext, type RunnableGraph } from '@bus/domain';
import { v7 } from 'uuid';
import type { InboxBatch, IngestOutcome, PlannedEvent } from '../event-inbox';
import { PostgresEventControlStore } from '../postgres/event-control.repository';
import { PostgresEventInbox } from '../postgres/event-inbox.repository';
import { LedgerHarness } from './ledger-harness';

export interface PlannedOverrides {
  eventId?: string;
  messageId?: string;
  key?: string | null;
  payload?: string;
  deliverAt?: string | null;
  /** Event type of an unrouted event. */
  type?: string;
  /** Whether slots are free. Default true. */
  slot?: boolean;
  verdicts?: FanOutContext['verdicts'];
}

/** Events as bus-consumer plans them, for the inbox of a real store. A batch begins at the stored position. */
export class InboxHarness {
  readonly logId = `postgres:${v7()}`;
  readonly inbox: PostgresEventInbox;
  readonly control: PostgresEventControlStore;

  private constructor(readonly store: LedgerHarness) {
    this.inbox = new PostgresEventInbox(store.pool);
    this.control = new PostgresEventControlStore(store.pool);
  }

  static async open(): Promise<InboxHarness> {
    return new InboxHarness(await LedgerHarness.open());
  }

  get pool() {
    return this.store.pool;
  }

  close(): Promise<void> {
    return this.store.close();
  }

  /** An event planned by the real fan-out. @param graph `null`: unrouted */
  planned(graph: RunnableGraph | null, over: PlannedOverrides = {}): PlannedEvent {
    const event = {
      eventId: over.eventId ?? v7(),
      source: 'spec',
      messageId: over.messageId ?? v7(),
      type: graph?.eventType ?? over.type ?? 'spec.unrouted',
      key: over.key ?? null,
      payload: over.payload ?? '{"a":"\\"quoted\\" \\\\ back"}',
      occurredAt: '2026-01-02T03:04:05.678Z',
      deliverAt: over.deliverAt ?? null,
      traceparent: null,
    };
    const take = () => over.slot ?? true;
    return {
      event,
      offset: 0n,
      record: {
        partition: 0,
        offset: 0n,
        key: event.key === null ? null : Buffer.from(event.key),
        value: Buffer.from(event.payload),
        headers: [['ce_id', Buffer.from(event.messageId)]],
        appendedAt: new Date(),
      },
      identity: identityOf(event.source, event.messageId),
      contentHash: contentHash(event.type, event.key, event.payload),
      graphId: graph?.graphId ?? null,
      executions: graph ? fanOut(event, graph, { verdicts: over.verdicts ?? new Map(), take }) : [],
    };
  }

  /** A batch at the partition's position. */
  async batch(events: readonly PlannedEvent[], over: Partial<InboxBatch> = {}): Promise<InboxBatch> {
    const partition = over.partition ?? 0;
    const positions = await this.inbox.positions(this.logId, new Map([[partition, 0n]]));
    const start = positions.get(partition) ?? 0n;
    const placed = events.map((event, index) => {
      const offset = start + BigInt(index);
      return { ...event, offset, record: { ...event.record, partition, offset } };
    });
    const next = start + BigInt(events.length + (over.quarantined?.length ?? 0));
    return {
      logId: this.logId,
      partition,
      start,
      next,
      dispatcherId: 1,
      events: placed,
      quarantined: [],
      ...over,
    };
  }

  async ingest(events: readonly PlannedEvent[], over: Partial<InboxBatch> = {}): Promise<IngestOutcome> {
    return this.inbox.ingest(await this.batch(events, over));
  }

  /** What the publisher knows of an event. */
  reference(planned: PlannedEvent): EventReference {
    return { source: planned.event.source, messageId: planned.event.messageId };
  }

  /** How many executions of an event live where; tables without any are absent. */
  async homes(planned: PlannedEvent): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const table of ['in_flight', 'due', 'waiting', 'dead_letter']) {
      const { rowCount } = await this.pool.query(`select from bus.${table} where event_id = $1`, [
        planned.event.eventId,
      ]);
      if (rowCount) counts[table] = rowCount;
    }
    return counts;
  }

  async position(partition = 0): Promise<bigint> {
    const { rows } = await this.pool.query<{ next_offset: string }>(
      'select next_offset from bus.consumer_offset where log_id = $1 and partition = $2',
      [this.logId, partition],
    );
    return BigInt(rows[0].next_offset);
  }

  /** Faults in quarantine, by offset. */
  async faults(): Promise<string[]> {
    const { rows } = await this.pool.query<{ fault: string }>(
      'select fault from bus.quarantine where log_id = $1 order by partition, broker_offset',
      [this.logId],
    );
    return rows.map((row) => row.fault);
  }
}
