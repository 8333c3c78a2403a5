import { setTimeout as pause } from 'node:timers/promises';
import { withIdempotency } from '@bus/consumer-kit';
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

/** Below the session's limit for an idle transaction. */
const LONGEST_IN_TRANSACTION_MS = 8_000;

/** One row of `effects` per execution, in the kit's transaction. */
@Injectable()
@OperationConsumer(
  'proof.record-a',
  'proof.record-b',
  'proof.record-c',
  'proof.record-d',
  'proof.record-e',
  'proof.record-rated',
  'proof.record-steady',
)
export class RecordEffect extends OperationHandler {
  constructor(
    private readonly dataSource: DataSource,
    private readonly effects: EffectsRepository,
    private readonly misbehaviour: Misbehaviour,
  ) {
    super();
  }

  async execute(request: OperationRequest): Promise<OperationResult> {
    const { now } = this.misbehaviour;
    if (now.refuse) return retry({ code: 'refused' });
    const slowMs = now.slowMs * Math.random();
    const within = slowMs > 0 && Math.random() < 0.5;
    if (slowMs > 0 && !within) await pause(slowMs);
    if (this.misbehaviour.happens(now.errors / 2)) throw new Error('misbehaves before its effect');
    return withIdempotency(this.dataSource.manager, request, async (manager) => {
      await this.effects.append(manager, request);
      if (within) await pause(Math.min(slowMs, LONGEST_IN_TRANSACTION_MS));
      if (this.misbehaviour.happens(now.errors / 2)) throw new Error('misbehaves after its effect');
      return completed();
    });
  }
}
