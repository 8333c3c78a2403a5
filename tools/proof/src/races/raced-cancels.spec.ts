import { racedCancels } from './raced-cancels';

describe(racedCancels, () => {
  it('trap-19: answers no cancel wrongly that meets ingest, claims, closes and reschedules', async () => {
    const { violations, counts } = await racedCancels('raced-cancels', { seed: 20_260_101, cancels: 100 });
    expect(violations).toEqual([]);
    expect(counts['wrongCancels']).toBe(0);
    expect(counts['cancels']).toBeGreaterThanOrEqual(100);
  });
});
