import { Injectable } from '@nestjs/common';

/** What a service does wrong, as a share (0 to 1) of its calls where nothing else is said. */
export interface Misbehaviours {
  /** Each call takes up to this long, before its effect or (≤ 8 s of it) amid its transaction. */
  slowMs: number;
  /** The handler throws, before its effect or after it (which rolls it back). */
  errors: number;
  /** How many calls to end with: effect committed, then the process kills itself before it replies. */
  killAfterSuccess: number;
  replyLost: number;
  /** The reply names another executionId. */
  replyWrong: number;
  replyGarbage: number;
  replyHuge: number;
  /** Every call is answered `retry`. */
  refuse: boolean;
}

const WELL: Misbehaviours = {
  slowMs: 0,
  errors: 0,
  killAfterSuccess: 0,
  replyLost: 0,
  replyWrong: 0,
  replyGarbage: 0,
  replyHuge: 0,
  refuse: false,
};

/** The service's switches; a new process begins well-behaved. */
@Injectable()
export class Misbehaviour {
  now: Misbehaviours = WELL;

  set(wanted: Partial<Misbehaviours>): void {
    this.now = { ...WELL, ...wanted };
  }

  /** @param share of all calls */
  happens(share: number): boolean {
    return share > 0 && Math.random() < share;
  }
}
