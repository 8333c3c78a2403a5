export interface Sample {
  atMs: number;
  value: number;
}

/** Rise per minute by least squares; 0 where fewer than two moments were sampled. */
export function slopePerMinute(samples: readonly Sample[]): number {
  const count = samples.length;
  const meanAt = samples.reduce((sum, sample) => sum + sample.atMs, 0) / count;
  const mean = samples.reduce((sum, sample) => sum + sample.value, 0) / count;
  let covariance = 0;
  let variance = 0;
  for (const { atMs, value } of samples) {
    covariance += (atMs - meanAt) * (value - mean);
    variance += (atMs - meanAt) ** 2;
  }
  return variance > 0 ? (covariance / variance) * 60_000 : 0;
}
