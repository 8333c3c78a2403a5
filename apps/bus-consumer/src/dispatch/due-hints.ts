import { Injectable } from '@nestjs/common';

/**
 * What this replica already knows of `due`, so that nobody has to ask the database: an operation with surplus, the
 * next known time, slots that were freed.
 */
@Injectable()
export class DueHints {
  private listener: { due(operationId: number): void; dueIn(ms: number): void; freed(): void } | null = null;

  listen(listener: NonNullable<DueHints['listener']>): void {
    this.listener = listener;
  }

  /** The operation has a row that is due now: stored without a slot. */
  due(operationId: number): void {
    this.listener?.due(operationId);
  }

  /** Some row is due `ms` from now. */
  dueIn(ms: number): void {
    this.listener?.dueIn(ms);
  }

  /** Slots or room in the window were freed. */
  freed(): void {
    this.listener?.freed();
  }
}
