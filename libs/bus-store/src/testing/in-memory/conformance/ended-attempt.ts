import type { AttemptEnd, ExpiredExecution } from '../../../execution-ledger';
import type { EndMode } from './store-command';

type Parts = Partial<AttemptEnd> & Pick<AttemptEnd, 'outcome' | 'after'>;

const MINUTE_MS = 60_000;

/** The end of an attempt in flight. @param fenceOff it names another attempt than the one that runs */
export function endOf(row: ExpiredExecution, mode: EndMode | 'expired', fenceOff: boolean): AttemptEnd {
  const { eventId, operationId, graphId, key } = row;
  return {
    ...{ eventId, operationId, attempt: row.attempt + (fenceOff ? 1 : 0), graphId, key },
    ...{ code: null, reason: null, output: null, durationMs: 3 },
    ...partsOf(mode),
  };
}

function partsOf(mode: EndMode | 'expired'): Parts {
  const again = { kind: 'again', inMs: MINUTE_MS, counts: true, maxAgeMs: null } as const;
  switch (mode) {
    case 'completed':
      return { outcome: 'completed', output: '{"done":[1,"two"]}', after: { kind: 'ended' } };
    case 'completed_without_output':
      return { outcome: 'completed', after: { kind: 'ended' } };
    case 'again_at_once':
      return { outcome: 'retry', code: 'busy', after: { ...again, inMs: 0 } };
    case 'given_back':
      return { outcome: 'given_back', durationMs: null, after: { ...again, counts: false } };
    case 'too_old':
      return { outcome: 'timeout', after: { ...again, maxAgeMs: MINUTE_MS / 2 } };
    case 'rejected':
      return {
        outcome: 'rejected',
        code: 'no_stock',
        reason: 'none left',
        after: { kind: 'dead', cause: 'rejected' },
      };
    case 'used_up':
      return { outcome: 'faulty_reply', after: { kind: 'dead', cause: 'attempts_used_up' } };
    case 'filtered':
      return { outcome: 'skipped', code: 'filtered', after: { kind: 'ended' } };
    case 'expired':
      return { outcome: 'unknown', durationMs: null, after: again };
  }
}
