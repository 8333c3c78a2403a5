import { checkModel } from './check-model';

describe('the state machine against its reference', () => {
  it('agrees over random runs', () => {
    const runs = Number(process.env['MODEL_RUNS'] ?? 2_000);
    const begun = performance.now();
    const check = checkModel(20_260_101, runs);
    if (process.env['MODEL_RUNS']) console.log(Math.round(performance.now() - begun), check);
    if (check.failure) throw new Error(check.failure);
    expect(check.runs).toBe(runs);
    expect(check.moves).toBeGreaterThan(runs);
  });
});
