import { checkModel } from './check-model';

const RUNS = 2_000;

describe('the state machine against its reference', () => {
  it('agrees over random runs', () => {
    const check = checkModel(20_260_101, RUNS);
    if (check.failure) throw new Error(check.failure);
    expect(check.runs).toBe(RUNS);
    expect(check.moves).toBeGreaterThan(RUNS);
  });
});
