import { readPayload, withIdempotency } from '@bus/consumer-kit';
import {
  completed,
  OperationConsumer,
  OperationHandler,
  orderPaid,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LedgerRepository } from './ledger.repository';
import { pointsFor } from './points-for';

/** What `points.grant` handles. */
export const GRANT_POINTS_EVENTS = { 'order.paid': orderPaid };

/** Grants the customer of a paid order one point per whole dollar. 0 points are written too. */
@Injectable()
@OperationConsumer('points.grant')
export class GrantPoints extends OperationHandler<'order.paid'> {
  constructor(
    private readonly dataSource: DataSource,
    private readonly ledger: LedgerRepository,
  ) {
    super();
  }

  /** No output: the kit would have to write it beside the effect, and nothing depends on points. */
  async execute(request: OperationRequest<'order.paid'>): Promise<OperationResult> {
    const { userId, amountCents } = readPayload(request, GRANT_POINTS_EVENTS);
    return withIdempotency(this.dataSource.manager, request, async (manager) => {
      await this.ledger.append(manager, {
        accountId: userId,
        points: pointsFor(amountCents),
        executionId: request.executionId,
        messageId: request.event.messageId,
      });
      return completed();
    });
  }
}
