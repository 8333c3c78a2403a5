import { EXECUTION_STATES } from '@bus/contracts';
import { ENDED_STATES, LEGAL_MOVES, isLegalMove } from './execution-state';

describe('LEGAL_MOVES', () => {
  it('lists every state of the canon', () => {
    expect(Object.keys(LEGAL_MOVES).sort()).toEqual([...EXECUTION_STATES, 'new'].sort());
  });

  it('lets nothing leave cancelled', () => {
    expect(EXECUTION_STATES.filter((to) => isLegalMove('cancelled', to))).toEqual([]);
  });

  it('cancels only what has not started', () => {
    const before = Object.keys(LEGAL_MOVES) as (keyof typeof LEGAL_MOVES)[];
    expect(before.filter((from) => isLegalMove(from, 'cancelled'))).toEqual([
      'new',
      'scheduled',
      'waiting',
      'held',
    ]);
  });

  it('reaches an end by an attempt alone', () => {
    const before = Object.keys(LEGAL_MOVES) as (keyof typeof LEGAL_MOVES)[];
    for (const end of ['completed', 'rejected', 'dead'] as const)
      expect(before.filter((from) => isLegalMove(from, end))).toEqual(['in_flight']);
  });

  it('brings an ended execution back only towards a claim, never straight into a call', () => {
    for (const ended of ENDED_STATES) expect(isLegalMove(ended, 'in_flight')).toBe(false);
  });
});
