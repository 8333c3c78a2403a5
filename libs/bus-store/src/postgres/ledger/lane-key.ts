import type { RunnableOperation } from '@bus/domain';
import type { AttemptEnd, DispatchContext } from '../../execution-ledger';

/** One lane: an ordered operation and a key. */
export interface LaneRef {
  operationId: number;
  key: string;
}

export const laneName = (lane: LaneRef): string => `${lane.operationId}/${lane.key}`;

/** The operation of an end, under the event's own graph version. @throws RangeError where the graph lacks it */
export function operationOf(
  context: DispatchContext,
  end: Pick<AttemptEnd, 'graphId' | 'operationId'>,
): RunnableOperation {
  const operation = context.catalog.graph(end.graphId).byId.get(end.operationId);
  if (!operation) throw new RangeError(`graph ${end.graphId} has no operation ${end.operationId}`);
  return operation;
}

/** The key of the end's lane; `null`: not ordered, or the event has no key. */
export function laneKeyOf(end: AttemptEnd, context: DispatchContext): string | null {
  return operationOf(context, end).ordered ? end.key : null;
}

export { leaseMsOf as leaseOf } from '@bus/domain';
