const FIRST_MS = 1_000;
const CAP_MS = 30_000;

/** Delay before an app that died is started again, in ms: 1 s, doubled each time, at most 30 s.
 *  @param deaths in a row without a quiet time between, from 1 */
export function restartDelayMs(deaths: number): number {
  return Math.min(CAP_MS, FIRST_MS * 2 ** Math.min(deaths - 1, 10));
}
