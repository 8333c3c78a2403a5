import type { DeadCause } from '@bus/contracts';
import type { IncomingEvent } from '@bus/domain';

/** A dead letter whose mirror is not known to be in the broker yet, with its event as it was stored. */
export interface UnsentDeadLetter {
  /** Opaque, for `sent`. */
  mirrorId: string;
  event: IncomingEvent;
  operation: string;
  attempt: number;
  cause: DeadCause;
  code: string | null;
  reason: string | null;
  /** RFC 3339. */
  diedAt: string;
}

/** Port: dead letters on their way to the mirror. They enter it in the transaction in which their execution dies. */
export abstract class DeadLetterOutbox {
  /** Whether dead letters enter it at all, for the whole cluster; stored, so it holds until it is said otherwise. */
  abstract enable(on: boolean): Promise<void>;
  /** The oldest ones that nobody is sending, ≤ `limit`; others leave them alone for `leaseMs`. */
  abstract claim(limit: number, leaseMs: number): Promise<UnsentDeadLetter[]>;
  /** The broker has them durably. */
  abstract sent(mirrorIds: readonly string[]): Promise<void>;
}
