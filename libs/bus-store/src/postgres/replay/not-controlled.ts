import type { ExecutionState } from '@bus/contracts';
import type { ControlRefusal, ExecutionStanding } from '@bus/domain';
import type { NotControlled } from '../../execution-control';

/** What a person is told who may not. @param refusal `null`: the person may */
export function notControlled(
  standing: ExecutionStanding,
  refusal: ControlRefusal | null,
): NotControlled | null {
  if (refusal === null) return null;
  if (refusal !== 'conflict') return { outcome: 'refused', why: refusal };
  return { outcome: 'conflict', state: stateOf(standing), attempt: standing.attempt };
}

/** As far as one execution's own rows tell: held or not is a matter of others. */
function stateOf({ home, attempt, lastOutcome }: ExecutionStanding): ExecutionState | null {
  if (home === 'in_flight') return 'in_flight';
  if (home === 'due') return attempt > 0 ? 'retrying' : 'scheduled';
  if (home === 'waiting') return 'waiting';
  if (home === 'dead_letter') return lastOutcome === 'rejected' ? 'rejected' : 'dead';
  return lastOutcome === 'completed' || lastOutcome === 'skipped' ? lastOutcome : null;
}
