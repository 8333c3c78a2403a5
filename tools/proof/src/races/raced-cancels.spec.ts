import { racedCancels } from './raced-cancels';

describe(racedCancels, () => {
  it('trap-19: answers no cancel wrongly that meets ingest, claims, closes and reschedules', async () => {
    const cancels = Number(process.env['RACED_CANCELS'] ?? 100);
    const result = await racedCancels('raced-cancels', { seed: 20_260_101, cancels });
    if (process.env['RACED_CANCELS']) console.log(result);
    expect(result.violations).toEqual([]);
    expect(result.counts).toMatchObject({ cancels, wrongCancels: 0 });
  });
});
