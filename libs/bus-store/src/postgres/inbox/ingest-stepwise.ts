import type { PoolClient } from 'pg';
import type { IngestOutcome, InboxBatch, PlannedEvent, QuarantinedRecord } from '../../event-inbox';
import { named } from '../connection';
import { TransactionAgain } from '../connection.errors';
import { plainArray } from '../array-literal';
import { bisect } from './bisect';
import { placeEvents } from './place-events';
import { quarantineOf, storeQuarantine } from './quarantine-rows';
import {
  graphsUnchanged,
  graphValues,
  PRUNE_AFTER,
  RECORD_COLUMNS,
  recordSql,
  recordValues,
} from './record-sql';

/** The same guards as in the one statement: 0 rows = the position or a graph has moved, and nothing is written. */
const MOVE = named(
  'inbox.step.move',
  `update bus.consumer_offset set next_offset = $1
    where log_id = $2 and partition = $3 and next_offset = $4 and ${graphsUnchanged('$5', '$6')}`,
);

/** Identities, ascending: one order for everybody who locks them. */
const CLAIM_IDENTITIES = named(
  'inbox.step.claim_identities',
  `insert into bus.event_identity (identity, event_id, content_hash, prune_after)
   select identity, event_id, content_hash, ${PRUNE_AFTER} from (${recordSql(1)}) r order by identity
   on conflict (identity) do nothing returning identity`,
);
const LOCK_IDENTITIES = named(
  'inbox.step.lock_identities',
  `select identity, event_id, encode(content_hash, 'hex') as hash, cancelled_at is not null as cancelled,
          deliver_at::text as deliver_at
     from bus.event_identity where identity = any ($1::uuid[]) order by identity for update`,
);
const FILL_PLACEHOLDERS = named(
  'inbox.step.fill_placeholders',
  `update bus.event_identity k set event_id = r.event_id, content_hash = r.content_hash
     from (${recordSql(1)}) r where k.identity = r.identity`,
);
const RETURN_IDENTITIES = named(
  'inbox.step.return_identities',
  `delete from bus.event_identity where identity = any ($1::uuid[])`,
);
const EMPTY_PLACEHOLDERS = named(
  'inbox.step.empty_placeholders',
  `update bus.event_identity set event_id = null, content_hash = null where identity = any ($1::uuid[])`,
);
const STORE_EVENTS = named(
  'inbox.step.store_events',
  `insert into bus.event (event_id, broker_partition, ${RECORD_COLUMNS})
   select event_id, $14::int, ${RECORD_COLUMNS} from (${recordSql(1)}) r order by event_id
   on conflict do nothing returning event_id, broker_offset::text as broker_offset`,
);
/** What an identity says about an event of the batch. */
interface Admitted {
  planned: PlannedEvent;
  /** It was there before, as a placeholder. */
  placeholder: boolean;
  cancelled: boolean;
}

interface LockedIdentity {
  identity: string;
  event_id: string | null;
  hash: string | null;
  cancelled: boolean;
  deliver_at: string | null;
}

/**
 * TX1 step by step, inside the caller's transaction: for batches that hold what the one statement does not take.
 * One bad row takes nothing with it: it is kept in quarantine in the same transaction.
 * @returns `null`: the position or a graph has moved, and nothing was written
 * @throws TransactionAgain if an identity was pruned meanwhile
 */
export async function ingestStepwise(
  client: PoolClient,
  batch: InboxBatch,
): Promise<Extract<IngestOutcome, { outcome: 'stored' }> | null> {
  const moved = await client.query(
    MOVE([batch.next, batch.logId, batch.partition, batch.start, ...graphValues(batch.events)]),
  );
  if (moved.rowCount === 0) return null;

  const quarantined: QuarantinedRecord[] = [...batch.quarantined];
  const { admitted, repeated } = await admit(client, batch, quarantined);
  const stored = await storeEvents(client, batch.partition, admitted, quarantined);
  const running = stored.filter((row) => !row.cancelled).map((row) => row.planned);
  const started = await placeEvents(client, running, batch.dispatcherId);
  await storeQuarantine(client, batch, quarantined);
  return {
    outcome: 'stored',
    started,
    fresh: stored.length,
    repeated,
    quarantined: quarantined.length,
  };
}

/** Takes or locks every identity; the events that are new, in log order. */
async function admit(
  client: PoolClient,
  batch: InboxBatch,
  quarantined: QuarantinedRecord[],
): Promise<{ admitted: Admitted[]; repeated: number }> {
  const claimed = new Set<string>();
  const byIdentity = [...batch.events].sort((a, b) => (a.identity < b.identity ? -1 : 1));
  const { refused } = await bisect(client, byIdentity, async (part) => {
    const { rows } = await client.query<{ identity: string }>(CLAIM_IDENTITIES(recordValues(part)));
    rows.forEach((row) => claimed.add(row.identity));
  });
  for (const { item, error } of refused)
    quarantined.push(...quarantineOf(item, 'not_storable', error.message));
  const bad = new Set(refused.map(({ item }) => item));

  const there = batch.events.filter((row) => !claimed.has(row.identity) && !bad.has(row));
  const locked = new Map<string, LockedIdentity>();
  if (there.length > 0) {
    const { rows } = await client.query<LockedIdentity>(
      LOCK_IDENTITIES([plainArray(there.map((row) => row.identity))]),
    );
    rows.forEach((row) => locked.set(row.identity, row));
  }
  const admitted: Admitted[] = [];
  const placeholders: PlannedEvent[] = [];
  let repeated = 0;
  for (const planned of batch.events) {
    if (bad.has(planned)) continue;
    if (claimed.has(planned.identity)) {
      admitted.push({ planned, placeholder: false, cancelled: false });
      continue;
    }
    const known = locked.get(planned.identity);
    if (!known) throw new TransactionAgain('an identity was pruned after it had been met');
    if (known.event_id === null) {
      placeholders.push(planned);
      const rescheduled = known.deliver_at === null ? planned : deliveredAt(planned, known.deliver_at);
      admitted.push({ planned: rescheduled, placeholder: true, cancelled: known.cancelled });
    } else if (known.hash === planned.contentHash.toString('hex')) repeated += 1;
    else
      quarantined.push(
        ...quarantineOf(planned, 'identity_conflict', `same source and messageId as event ${known.event_id}`),
      );
  }
  if (placeholders.length > 0) await client.query(FILL_PLACEHOLDERS(recordValues(placeholders)));
  return { admitted, repeated };
}

/** Stores events; those that cannot be stored go to quarantine and leave their identity as it was. In log order. */
async function storeEvents(
  client: PoolClient,
  partition: number,
  admitted: readonly Admitted[],
  quarantined: QuarantinedRecord[],
): Promise<Admitted[]> {
  const storedAt = new Set<string>();
  const { refused } = await bisect(client, admitted, async (part) => {
    const { rows } = await client.query<{ event_id: string; broker_offset: string }>(
      STORE_EVENTS([...recordValues(part.map((row) => row.planned)), partition]),
    );
    rows.forEach((row) => storedAt.add(row.broker_offset));
  });
  const reasons = new Map(refused.map(({ item, error }) => [item, error.message]));
  const stored: Admitted[] = [];
  const lost: Admitted[] = [];
  for (const row of admitted) {
    if (storedAt.has(row.planned.offset.toString())) stored.push(row);
    else {
      lost.push(row);
      const reason = reasons.get(row);
      quarantined.push(
        ...(reason === undefined
          ? quarantineOf(row.planned, 'event_id_taken', `event ${row.planned.event.eventId} is another one`)
          : quarantineOf(row.planned, 'not_storable', reason)),
      );
    }
  }
  const identities = (rows: Admitted[]) => [plainArray(rows.map((row) => row.planned.identity))];
  const [before, now] = [lost.filter((row) => row.placeholder), lost.filter((row) => !row.placeholder)];
  if (before.length > 0) await client.query(EMPTY_PLACEHOLDERS(identities(before)));
  if (now.length > 0) await client.query(RETURN_IDENTITIES(identities(now)));
  return stored;
}

/** A reschedule that came first wins over the event's own time; an operation's own delay still comes on top. */
function deliveredAt(planned: PlannedEvent, at: string): PlannedEvent {
  return {
    ...planned,
    event: { ...planned.event, deliverAt: at },
    executions: planned.executions.map((execution) => {
      const { start } = execution;
      if (start.kind === 'skipped') return execution;
      return {
        ...execution,
        start: { kind: 'later', at, plusMs: start.kind === 'later' ? start.plusMs : 0 },
      };
    }),
  };
}
