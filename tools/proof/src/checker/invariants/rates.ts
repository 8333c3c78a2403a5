import { grouped, type EvidenceIndex } from '../evidence-index';
import type { Findings } from '../findings';

/** I10: in any t seconds at most rate × (t + 1) + 1 attempts start, all replicas and retries together. */
export function checkRates(index: EvidenceIndex, findings: Findings): void {
  for (const [operation, rows] of grouped(index.evidence.attempts, (row) => row.operation)) {
    const rate = index.operation(operation)?.ratePerSecond ?? null;
    if (rate === null) continue;
    const starts = rows
      .flatMap((row) => (row.startedMs === null ? [] : [row.startedMs]))
      .sort((a, b) => a - b);
    // With f(i) = i − rate × tᵢ the bound over every window is f(j) − min f(i) ≤ rate.
    let least = Infinity;
    starts.forEach((startMs, at) => {
      const f = at - (rate * startMs) / 1000;
      least = Math.min(least, f);
      findings.expect(
        'I10',
        f - least <= rate + 1e-6,
        () =>
          `${operation}: more than ${rate} × (t + 1) + 1 attempts within t seconds, the last at ${startMs}`,
      );
    });
  }
}
