import type { FilterVerdict } from '@bus/domain';

/** How an attempt ends, in the words of the model. */
export const ENDS = [
  'completed',
  'completed',
  'completed',
  'retry',
  'retry_after',
  'undeployed',
  'rejected',
  'refused',
  'faulty',
  'other_attempt',
  'timeout',
  'unreachable',
  'unknown',
  'given_back',
  'filtered',
] as const;
export type End = (typeof ENDS)[number];

export interface ModelEvent {
  index: number;
  key: string | null;
  /** ms; `null`: at once. Changed by a reschedule. */
  deliverAt: number | null;
  storedAt: number;
  cancelled: boolean;
  verdicts: ReadonlyMap<number, FilterVerdict>;
}

export type State = 'active' | 'paused' | 'disabled';

/** What both the machine and the reference are told. `slots`: whether a slot is free during this step; never for people. */
export type Step = { slots: boolean } & (
  | { do: 'store'; event: ModelEvent }
  | { do: 'claim'; operationId: number; limit: number }
  | { do: 'end'; event: number; operationId: number; end: End; random: number; again: Again | null }
  | { do: 'replay'; event: number; operationId: number; force: boolean }
  | { do: 'skip'; event: number; operationId: number }
  | { do: 'state'; operationId: number; state: State }
  | { do: 'cancel'; event: number }
  | { do: 'reschedule'; event: number; at: number }
  | { do: 'unblock'; operationId: number; key: string }
  | { do: 'tick'; ms: number }
);

/** When the machine says that it goes on: random within bounds that the reference knows. */
export interface Again {
  inMs: number;
}

/** What one execution is at, for comparison. */
export interface Seen {
  state: string | null;
  attempt: number;
  counted: number;
}
