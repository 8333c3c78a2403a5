import type { OperationSettings } from '@bus/contracts';
import type { PlannedEvent } from '@bus/store';
import type { SeededRandom } from '../random';
import type { RaceGround } from './race-ground';
import type { RaceRacer } from './race-racer';

export type RaceOperation = Partial<OperationSettings> & { name: string };

/** One round that is ready to start. */
export interface RaceRound {
  /** All that it touches: checked afterwards, then run to their ends. */
  events: PlannedEvent[];
  works: [(racer: RaceRacer) => Promise<unknown>, (racer: RaceRacer) => Promise<unknown>];
  /** What must be so, whatever the order. `saw`: which of the possible outcomes it was. */
  judge(outcomes: unknown[]): Promise<Judged> | Judged;
  /** Dependents may have started before what they depend on. Default false. */
  replayed?: boolean;
}

export interface Judged {
  saw: string;
  /** In words; empty: all is well. */
  wrong: string[];
}

/** Two transactions that meet, and what must come of it. */
export interface Race {
  /** `ingest×cancel`, as in docs/guarantees.md. */
  name: string;
  /** The promise, in a sentence. */
  promise: string;
  /** Of its one event type. */
  operations: readonly RaceOperation[];
  /** Outcomes that must have been seen: a race that one side always wins proves nothing. */
  sees: readonly string[];
  prepare(ground: RaceGround, random: SeededRandom): Promise<RaceRound>;
}
