/** @param share 0.5: the median; of an empty list NaN */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const low = sorted[below] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - below);
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** (largest − smallest) ÷ median: how much the rounds differ. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
