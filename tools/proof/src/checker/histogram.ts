import type { Histogram } from '../layer';

/** Figures of a list of values; zeros where there is none. Percentiles are values that occurred (nearest rank). */
export function histogramOf(name: string, unit: Histogram['unit'], values: readonly number[]): Histogram {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
  const rounded = (value: number) => Math.round(value * 10) / 10;
  return {
    name,
    unit,
    count: sorted.length,
    min: rounded(sorted[0] ?? 0),
    p50: rounded(at(0.5)),
    p90: rounded(at(0.9)),
    p99: rounded(at(0.99)),
    max: rounded(sorted[sorted.length - 1] ?? 0),
  };
}
