import { DEAD_CAUSES } from '@bus/contracts';
import type { ReplayFilter } from '../../replay-runs';

/** A filter as the selecting statements read it: JSON, causes by their number. */
export function filterValue(filter: ReplayFilter): string {
  const causes = filter.causes?.map((cause) => DEAD_CAUSES.indexOf(cause)) ?? null;
  return JSON.stringify({ ...filter, causes });
}
