import { setTimeout as pause } from 'node:timers/promises';
import { withProviderIdempotency } from '@bus/consumer-kit';
import {
  completed,
  OperationConsumer,
  OperationHandler,
  retry,
  type OperationRequest,
  type OperationResult,
} from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { EffectsRepository } from './effects.repository';
import { Misbehaviour } from './misbehaviour';

/** An effect outside the kit's transaction, as at a provider: for operations with the effect `at_most_once`. */
@Injectable()
@OperationConsumer('proof.provide')
export class Provide extends OperationHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly effects: EffectsRepository,
    private readonly misbehaviour: Misbehaviour,
  ) {
    super();
  }

  async execute(request: OperationRequest): Promise<OperationResult> {
    const { now } = this.misbehaviour;
    if (now.refuse || this.misbehaviour.happens(now.errors)) return retry({ code: 'refused' });
    return withProviderIdempotency(this.dataSource, request, async () => {
      await this.effects.append(this.dataSource, request);
      if (now.slowMs > 0) await pause(now.slowMs * Math.random());
      return completed();
    });
  }
}
