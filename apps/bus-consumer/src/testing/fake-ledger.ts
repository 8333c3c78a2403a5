import {
  ExecutionLedger,
  type AttemptEnd,
  type ClaimOutcome,
  type ClaimRoom,
  type CloseOutcome,
  type DispatchContext,
  type ExpiredExecution,
  type LedgerPulse,
  type PulseLook,
} from '@bus/store';

/** What closes say, as a test wants it; everything else is empty. */
export class FakeLedger extends ExecutionLedger {
  readonly closes: AttemptEnd[][] = [];
  readonly claims: ClaimRoom[][] = [];
  readonly looks: PulseLook[] = [];
  /** Called before a close answers; may throw. */
  onClose: (ends: readonly AttemptEnd[], context: DispatchContext) => Promise<Partial<CloseOutcome> | void> =
    () => Promise.resolve();
  onClaim: (rooms: readonly ClaimRoom[]) => Promise<Partial<ClaimOutcome>> = () => Promise.resolve({});
  onPulse: () => Promise<Partial<LedgerPulse>> = () => Promise.resolve({});
  own: ExpiredExecution[] = [];
  past: ExpiredExecution[] = [];

  override async register(): Promise<number> {
    return 7;
  }

  override async claim(rooms: readonly ClaimRoom[]): Promise<ClaimOutcome> {
    this.claims.push([...rooms]);
    const empty = { executions: [], events: [], lowWater: new Map(), more: new Set<number>() };
    return { ...empty, ...(await this.onClaim(rooms)) };
  }

  override async close(ends: readonly AttemptEnd[], context: DispatchContext): Promise<CloseOutcome> {
    this.closes.push([...ends]);
    const given = await this.onClose(ends, context);
    const released = { executions: [], events: [] };
    return { applied: ends.map(() => true), dead: [], released, dueNow: false, ...given };
  }

  override async expired(): Promise<ExpiredExecution[]> {
    return this.past;
  }

  override async ownInFlight(): Promise<ExpiredExecution[]> {
    return this.own;
  }

  get pulses(): number {
    return this.looks.length;
  }

  override async pulse(look: PulseLook): Promise<LedgerPulse> {
    this.looks.push({ ...look, lowWater: new Map(look.lowWater) });
    const idle = {
      dueOperationIds: [],
      nextDueInMs: null,
      leaseEnded: false,
      lowWater: new Map(),
      revision: '1',
    };
    return { ...idle, ...(await this.onPulse()) };
  }
}
