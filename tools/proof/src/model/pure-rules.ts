import { backoffDelayMs, releaseWaiting, type DependentRow, type EndedOperation } from '@bus/domain';
import fc from 'fast-check';
import { shapeOf } from './shapes';

/** A rule that holds for all inputs. */
export interface PureRule {
  name: string;
  /** @throws Error with the smallest input that breaks it */
  check(seed: number, runs: number): void;
}

const retry = fc.record({
  backoffMs: fc.integer({ min: 1, max: 600_000 }),
  backoffCapMs: fc.integer({ min: 1, max: 86_400_000 }),
});
const counted = fc.integer({ min: 1, max: 40_000 });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const asked = fc.integer({ min: 0, max: 100_000_000 });

const rule = <T>(name: string, input: fc.Arbitrary<T>, holds: (value: T) => boolean): PureRule => ({
  name,
  check: (seed, runs) => fc.assert(fc.property(input, holds), { seed: seed | 0, numRuns: runs }),
});

/** Backoff written once more, with numbers that cannot overflow: doubling until the cap. */
function ceilingOf(backoffMs: number, backoffCapMs: number, attempts: number): number {
  let ceiling = backoffMs;
  for (let done = 1; done < attempts && ceiling < backoffCapMs; done += 1) ceiling *= 2;
  return Math.min(ceiling, backoffCapMs);
}

const WITHIN = rule(
  'backoff is a whole number within 0 and its ceiling, or what the handler asked for, under the cap',
  fc.tuple(retry, counted, random, asked),
  ([settings, attempts, drawn, askedMs]) => {
    const delay = backoffDelayMs(settings, attempts, drawn, askedMs);
    const ceiling = ceilingOf(settings.backoffMs, settings.backoffCapMs, attempts);
    const least = Math.min(askedMs, settings.backoffCapMs);
    return Number.isInteger(delay) && delay >= least && delay <= Math.max(ceiling, least);
  },
);

const ROUGHLY = 8;
const DRAWS = 800;
/** Far beyond what chance does to a uniform draw (10⁻⁶ at eight parts of 800), far below what a bent one shows. */
const MOST_OFF = 0.6;

const JITTER = rule(
  'full jitter is spread evenly: no eighth of the range gets much more or less than its share',
  fc.tuple(
    retry.filter(({ backoffMs, backoffCapMs }) => Math.min(backoffMs, backoffCapMs) >= 1_000),
    fc.nat(),
  ),
  ([settings, phase]) => {
    const ceiling = ceilingOf(settings.backoffMs, settings.backoffCapMs, 1);
    const parts = new Array<number>(ROUGHLY).fill(0);
    for (let draw = 0; draw < DRAWS; draw += 1) {
      // A low-discrepancy sequence stands for the random source: any skew is the rule's own.
      const even = (draw * 0.618_033_988_749_895 + (phase % 1_000) / 1_000) % 1;
      const delay = backoffDelayMs(settings, 1, even);
      parts[Math.min(ROUGHLY - 1, Math.floor((delay / ceiling) * ROUGHLY))] += 1;
    }
    const share = DRAWS / ROUGHLY;
    return parts.every((count) => Math.abs(count - share) <= share * MOST_OFF);
  },
);

const ends = fc.array(fc.record({ operationId: fc.integer({ min: 1, max: 4 }), dead: fc.boolean() }), {
  minLength: 1,
  maxLength: 4,
});
const rowsOf = fc.array(
  fc.record({
    operationId: fc.integer({ min: 1, max: 4 }),
    home: fc.constantFrom('due' as const, 'waiting' as const),
    place: fc.constantFrom(null, '3'),
    pending: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 3 }),
  }),
  { maxLength: 4 },
);

const REPEATED = rule(
  'an end that is told twice, at once or later, changes nothing: `pending` is a set',
  fc.tuple(fc.nat(), ends, rowsOf),
  ([shape, drawn, found]) => {
    const graph = shapeOf(shape);
    const graphOf = () => graph;
    const ended = drawn.map(({ operationId, dead }): EndedOperation => ({
      eventId: 'e',
      operationId,
      end: dead ? 'dead' : 'satisfied',
    }));
    const own = new Map(found.map((row) => [row.operationId, row]));
    const rows = [...own.values()].map((row): DependentRow => ({
      ...row,
      eventId: 'e',
      attempt: 0,
      counted: 0,
      laneKey: null,
    }));
    const once = releaseWaiting(ended, rows, graphOf);
    const twice = releaseWaiting([...ended, ...ended], rows, graphOf);
    if (JSON.stringify(once) !== JSON.stringify(twice)) return false;
    // What stays has lost those reasons for good: the same ends, told to it again, find nothing.
    const kept = once.flatMap((release) =>
      release.kind === 'keep' ? [{ ...release.row, pending: release.pending }] : [],
    );
    const gone = new Set(once.filter(({ kind }) => kind !== 'keep').map(({ row }) => row.operationId));
    const still = ended.filter(({ operationId }) => !gone.has(operationId));
    return releaseWaiting(still, kept, graphOf).length === 0;
  },
);

export const PURE_RULES: readonly PureRule[] = [WITHIN, JITTER, REPEATED];
