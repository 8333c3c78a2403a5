import {
  completed,
  OperationConsumer,
  OperationHandler,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { readPayload } from '../payload';
import { withIdempotency } from '../with-idempotency';

export const KIT_EVENTS = { 'kit.asked': z.object({ userId: z.string(), note: z.string() }) };

/** Keeps the note of its payload, once per execution. */
@Injectable()
@OperationConsumer('kit.apply')
export class ApplyKit extends OperationHandler {
  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async execute(request: OperationRequest): Promise<OperationResult> {
    const { note } = readPayload(request, KIT_EVENTS);
    return withIdempotency(this.dataSource.manager, request, async (manager) => {
      await manager.query('insert into kit.effect values ($1, $2)', [request.executionId, note]);
      return completed({ length: note.length });
    });
  }
}

/** Does what the spec tells it to, and keeps what it was called with. */
@Injectable()
@OperationConsumer('kit.obey')
export class ObeyKit extends OperationHandler {
  readonly calls: OperationRequest[] = [];
  behave: (request: OperationRequest) => unknown = () => completed();

  async execute(request: OperationRequest): Promise<OperationResult> {
    this.calls.push(request);
    return (await this.behave(request)) as OperationResult;
  }
}
