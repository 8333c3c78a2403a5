import type { PoolClient } from 'pg';
import type { LaneReference, UnblockOutcome } from '../../execution-control';
import type { ChangeAuthor } from '../../operation-graphs';
import { writeAudit } from '../audit-statement';
import { releaseAfter } from '../ledger/release-after';
import { LOCK_LANES } from '../ledger/release-statements';
import { lockEvents } from './lock-events';
import { personContext } from './person-context';
import { FIND_LANE, LOCATE } from './replay-statements';

interface FoundLane {
  operation_id: number;
  blocked_by: string | null;
  head_event_id: string | null;
}

/**
 * TX5, a person lets a lane go on: the blocker's identity, then the lane; the dead head gives it to the lowest place
 * and stays a dead letter. Its own replay would join the tail.
 */
export async function unblockLane(
  client: PoolClient,
  asked: LaneReference,
  author: ChangeAuthor,
): Promise<UnblockOutcome> {
  const outcome = await unblock(client, asked);
  await writeAudit(client, {
    ...author,
    action: 'lane.unblock',
    target: `${asked.operation}/${asked.key}`,
    before: { blockedBy: asked.blockedBy },
    after: outcome.outcome === 'unblocked' ? { head: outcome.head } : null,
    result: outcome.outcome === 'unblocked' ? 'unblocked' : `refused: ${outcome.outcome}`,
  });
  return outcome;
}

async function unblock(
  client: PoolClient,
  { operation, key, blockedBy }: LaneReference,
): Promise<UnblockOutcome> {
  const [known] = (await client.query<FoundLane>(FIND_LANE([operation, key]))).rows;
  if (!known) return { outcome: 'not_found' };
  if (known.blocked_by !== blockedBy) return { outcome: 'conflict' };
  const operationId = known.operation_id;
  const located = await client.query<{ identity: string }>(LOCATE([[blockedBy]]));
  await lockEvents(
    client,
    located.rows.map((row) => row.identity),
  );
  const locked = await client.query<{ head_event_id: string; blocked_by: string | null }>(
    LOCK_LANES([[operationId], [key]]),
  );
  const [lane] = locked.rows;
  if (lane?.blocked_by !== blockedBy) return { outcome: 'conflict' };
  const left = [{ operationId, key, headEventId: lane.head_event_id, blockedBy, leaseMs: 0 }];
  await releaseAfter(client, { over: [], rows: [], lanes: new Map(), left }, personContext(null), []);
  const [now] = (await client.query<FoundLane>(FIND_LANE([operation, key]))).rows;
  return { outcome: 'unblocked', head: now?.head_event_id ?? null };
}
