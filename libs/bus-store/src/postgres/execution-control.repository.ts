import { Expressions } from '@bus/domain';
import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import {
  ExecutionControl,
  type ExecutionReference,
  type LaneReference,
  type ReplayOutcome,
  type ReplayRequest,
  type RouteOutcome,
  type SkipOutcome,
  type UnblockOutcome,
} from '../execution-control';
import type { ChangeAuthor } from '../operation-graphs';
import { StorePool } from './connection';
import { asUnavailable } from './connection.errors';
import { replayExecutions } from './replay/replay-executions';
import { routeEvent } from './replay/route-event';
import { skipExecution } from './replay/skip-execution';
import { unblockLane } from './replay/unblock-lane';
import { inTransaction } from './transaction';

/** Executions of one call: a transaction holds their events' locks until it ends. */
const MOST_EXECUTIONS = 500;

/** ExecutionControl on PostgreSQL. Statements and their reasons: `replay/replay-statements.ts`. */
@Injectable()
export class PostgresExecutionControl extends ExecutionControl {
  private readonly expressions = new Expressions(() => performance.now());

  constructor(private readonly pool: StorePool) {
    super();
  }

  /** @throws RangeError for more than 500, or for one execution twice */
  override async replay(requests: readonly ReplayRequest[], author: ChangeAuthor): Promise<ReplayOutcome[]> {
    const names = new Set(requests.map((one) => `${one.eventId}/${one.operation}`));
    if (requests.length > MOST_EXECUTIONS || names.size !== requests.length)
      throw new RangeError(`at most ${MOST_EXECUTIONS} executions at once, each once`);
    if (requests.length === 0) return [];
    return this.decide((client) => replayExecutions(client, requests, author));
  }

  override skip(execution: ExecutionReference, author: ChangeAuthor): Promise<SkipOutcome> {
    return this.decide((client) => skipExecution(client, execution, author));
  }

  override unblock(lane: LaneReference, author: ChangeAuthor): Promise<UnblockOutcome> {
    return this.decide((client) => unblockLane(client, lane, author));
  }

  override route(eventId: string, author: ChangeAuthor): Promise<RouteOutcome> {
    return this.decide((client) => routeEvent(client, eventId, author, this.expressions));
  }

  private async decide<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    try {
      return await inTransaction(this.pool, work);
    } catch (error) {
      throw asUnavailable(error);
    }
  }
}
