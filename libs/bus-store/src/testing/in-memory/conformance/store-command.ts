import * as fc from 'fast-check';

/** Messages that commands speak of: `m0` to `m15`. Their type and key follow from the number. */
export const MESSAGES = 16;

/** How an attempt in flight ends. */
export const END_MODES = [
  'completed',
  'completed_without_output',
  'again_at_once',
  'given_back',
  'too_old',
  'rejected',
  'used_up',
  'filtered',
] as const;
export type EndMode = (typeof END_MODES)[number];

export interface IngestedMessage {
  message: number;
  delayMin: 0 | 1 | 2 | null;
  slot: boolean;
  /** Another payload than usual. */
  otherContent: boolean;
  /** The event id of `m0`. */
  takenEventId: boolean;
  /** Its type's first operation says no. */
  filtered: boolean;
}

/** What both stores are asked; times are whole minutes, so that their clocks need not agree. */
export type StoreCommand =
  | {
      kind: 'ingest';
      messages: IngestedMessage[];
      unreadable: boolean;
      /** So many of them stand in another partition, and all are stored together; 0: none. */
      beside: number;
      start: 'held' | 'old';
      graphs: 'now' | 'old';
    }
  | { kind: 'claim'; free: number; retries: number | null; fromLowWater: boolean }
  | {
      kind: 'close';
      /** Of the attempts in flight, by their place among them. */
      ends: { place: number; mode: EndMode; fenceOff: boolean }[];
      slots: boolean;
    }
  | { kind: 'expire'; slots: boolean }
  | { kind: 'cancel'; message: number }
  | { kind: 'reschedule'; message: number; inMin: number }
  | { kind: 'read'; message: number }
  | { kind: 'state'; operation: number; state: 'active' | 'paused' | 'disabled' }
  | { kind: 'activate'; variant: 0 | 1; stale: boolean }
  | { kind: 'wait'; minutes: number }
  | { kind: 'pulse' }
  | { kind: 'replay'; picks: { place: number; force: boolean; attemptOff: boolean }[] }
  | { kind: 'skip'; place: number; attemptOff: boolean }
  | { kind: 'unblock'; place: number }
  | { kind: 'route'; message: number };

const seldom = fc.integer({ min: 0, max: 11 }).map((drawn) => drawn === 7);
const message = fc.nat(MESSAGES - 1);
const place = fc.nat(40);

const ingested: fc.Arbitrary<IngestedMessage> = fc.record({
  message,
  delayMin: fc.constantFrom(null, null, null, null, 0 as const, 1 as const, 2 as const),
  slot: fc.boolean(),
  otherContent: seldom,
  takenEventId: seldom,
  filtered: seldom,
});
const ingest: fc.Arbitrary<StoreCommand> = fc.record({
  kind: fc.constant('ingest' as const),
  messages: fc.array(ingested, { minLength: 1, maxLength: 6 }),
  unreadable: seldom,
  beside: fc.constantFrom(0, 0, 1, 3),
  start: seldom.map((old) => (old ? ('old' as const) : ('held' as const))),
  graphs: seldom.map((old) => (old ? ('old' as const) : ('now' as const))),
});
const claim: fc.Arbitrary<StoreCommand> = fc.record({
  kind: fc.constant('claim' as const),
  free: fc.constantFrom(1, 2, 50, 50),
  retries: fc.constantFrom(null, null, 0, 1),
  fromLowWater: fc.boolean(),
});
const close: fc.Arbitrary<StoreCommand> = fc.record({
  kind: fc.constant('close' as const),
  ends: fc.array(
    fc.record({ place, mode: fc.constantFrom(...END_MODES, 'completed' as const), fenceOff: seldom }),
    { minLength: 1, maxLength: 5 },
  ),
  slots: fc.boolean(),
});
const people: fc.Arbitrary<StoreCommand> = fc.oneof(
  fc.record({
    kind: fc.constant('replay' as const),
    picks: fc.array(fc.record({ place, force: fc.boolean(), attemptOff: seldom }), {
      minLength: 1,
      maxLength: 3,
    }),
  }),
  fc.record({ kind: fc.constant('skip' as const), place, attemptOff: seldom }),
  fc.record({ kind: fc.constant('unblock' as const), place }),
  fc.record({ kind: fc.constant('route' as const), message }),
);
const control: fc.Arbitrary<StoreCommand> = fc.oneof(
  fc.record({ kind: fc.constant('cancel' as const), message }),
  fc.record({ kind: fc.constant('reschedule' as const), message, inMin: fc.integer({ min: -1, max: 3 }) }),
  fc.record({ kind: fc.constant('read' as const), message }),
);
const upkeep: fc.Arbitrary<StoreCommand> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 2 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('expire' as const), slots: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'pulse' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('state' as const),
      operation: fc.nat(20),
      state: fc.constantFrom('active' as const, 'active' as const, 'paused' as const, 'disabled' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('activate' as const),
      variant: fc.constantFrom(0 as const, 1 as const),
      stale: seldom,
    }),
  },
);

/** Command sequences as people, brokers and dispatchers might give them. */
export function storeCommands(length: { min: number; max: number }): fc.Arbitrary<StoreCommand[]> {
  const command = fc.oneof(
    { weight: 4, arbitrary: ingest },
    { weight: 4, arbitrary: claim },
    { weight: 6, arbitrary: close },
    { weight: 3, arbitrary: control },
    { weight: 3, arbitrary: people },
    { weight: 3, arbitrary: upkeep },
  );
  return fc.array(command, { minLength: length.min, maxLength: length.max, size: 'max' });
}
