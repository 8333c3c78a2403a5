import { Injectable } from '@nestjs/common';
import { EventInbox } from '@bus/store';

/**
 * The position held for each partition: the stored one at assignment, then the end of each batch that was stored.
 * The store's compare-and-set decides; this only says what to compare with.
 */
@Injectable()
export class PartitionPositions {
  private readonly held = new Map<string, bigint>();

  constructor(private readonly inbox: EventInbox) {}

  /** Reads the stored positions anew; a partition without one starts at its log start. */
  async assigned(logId: string, logStarts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    const stored = await this.inbox.positions(logId, logStarts);
    for (const [partition, position] of stored) this.held.set(nameOf(logId, partition), position);
    return stored;
  }

  /** The position held; read anew where the last batch's fate is not known. */
  async of(logId: string, partition: number, logStart: bigint): Promise<bigint> {
    const held = this.held.get(nameOf(logId, partition));
    if (held !== undefined) return held;
    const stored = await this.assigned(logId, new Map([[partition, logStart]]));
    return stored.get(partition) ?? logStart;
  }

  moved(logId: string, partition: number, position: bigint): void {
    this.held.set(nameOf(logId, partition), position);
  }

  /** Positions held of logs whose id begins so, by partition: everything below them is stored. */
  below(logIdPrefix: string): Map<number, bigint> {
    const below = new Map<number, bigint>();
    for (const [name, position] of this.held) {
      const at = name.indexOf('@');
      if (name.startsWith(logIdPrefix, at + 1)) below.set(Number(name.slice(0, at)), position);
    }
    return below;
  }

  /** After a failed transaction: it may have been committed. */
  forget(logId: string, partition: number): void {
    this.held.delete(nameOf(logId, partition));
  }
}

function nameOf(logId: string, partition: number): string {
  return `${partition}@${logId}`;
}
