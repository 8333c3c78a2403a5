import type { Goal } from './scenario';

/** CI's slack: machines differ, and a ratio of a loaded one is not a ratio of a quiet one. */
export const SLACK = 0.25;

/** @param slack share of the goal that may be missed; default none */
export function meets({ figure, goal, sense }: Goal, slack = 0): boolean {
  return sense === 'at least' ? figure >= goal * (1 - slack) : figure <= goal * (1 + slack);
}
