import { ATTEMPT_OUTCOMES } from '@bus/contracts';
import type { ExecutionStanding } from '@bus/domain';
import type { Queryable } from '../connection';
import { LOOK } from './replay-statements';

/** Where an execution is, without what only its event knows. */
export interface SeenExecution extends Omit<ExecutionStanding, 'cancelled'> {
  forcedRuns: number;
  /** It heads its lane. */
  heads: boolean;
}

export interface ExecutionName {
  eventId: string;
  operationId: number;
}

export const executionName = (one: ExecutionName): string => `${one.eventId}/${one.operationId}`;

interface LookRow {
  event_id: string;
  operation_id: number;
  home: ExecutionStanding['home'];
  attempt: number;
  last_outcome: number | null;
  too_old: boolean;
  runs: number;
  heads: boolean;
}

/** One snapshot of executions, by `executionName`. @param wanted `laneKey` where it matters who heads the lane */
export async function lookAtExecutions(
  client: Queryable,
  wanted: readonly (ExecutionName & { laneKey: string | null })[],
): Promise<Map<string, SeenExecution>> {
  const { rows } = await client.query<LookRow>(
    LOOK([
      wanted.map((one) => one.eventId),
      wanted.map((one) => one.operationId),
      wanted.map((one) => one.laneKey),
    ]),
  );
  return new Map(
    rows.map((row) => [
      executionName({ eventId: row.event_id, operationId: row.operation_id }),
      {
        home: row.home,
        attempt: row.attempt,
        lastOutcome: row.last_outcome === null ? null : (ATTEMPT_OUTCOMES[row.last_outcome] ?? null),
        tooOld: row.too_old,
        forcedRuns: row.runs,
        heads: row.heads,
      },
    ]),
  );
}
