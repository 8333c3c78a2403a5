import { createHash } from 'node:crypto';
import type { OperationRequest } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import type { DataSource, EntityManager } from 'typeorm';

/** Writes what was done. No key is unique there: whatever happens twice shows twice. */
@Injectable()
export class EffectsRepository {
  async append(connection: EntityManager | DataSource, request: OperationRequest): Promise<void> {
    const { executionId, operation, attempt, event } = request;
    const content = createHash('sha256').update(JSON.stringify(event.payload)).digest('hex');
    await connection.query(
      `insert into proof.effects (execution_id, source, message_id, operation, attempt, content, event_key)
       values ($1, $2, $3, $4, $5, $6, $7)`,
      [executionId, event.source, event.messageId, operation, attempt, content, event.key],
    );
  }
}
