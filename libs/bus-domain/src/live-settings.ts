import { OPERATION_DEFAULTS, PINNED_SETTINGS, type OperationSettings } from '@bus/contracts';
import type { RunnableOperation } from './runnable-graph';

/**
 * An operation as it runs for events of one graph version: the version's pinned settings, today's live ones.
 * @param version as it was activated; settings that are newer than it take their default
 * @param live of the operation by its name; `undefined`: its row is gone, so the version's own stay
 */
export function withLiveSettings(
  version: OperationSettings & { operationId: number },
  live: OperationSettings | undefined,
): RunnableOperation {
  const complete = { ...OPERATION_DEFAULTS, ...version };
  const pinned = Object.fromEntries(PINNED_SETTINGS.map((setting) => [setting, complete[setting]]));
  return { ...complete, ...live, ...pinned, operationId: version.operationId };
}
