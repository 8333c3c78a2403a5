import { OPERATION_DEFAULTS, type OperationSettings } from '@bus/contracts';

/** An operation by what matters to a scenario. Beside the product's defaults: `timeoutMs` 1,600 (a lease of 5 s, the least) and
 *  backoffs from 100 ms to 2 s, so that recoveries are quick. */
export type StageOperation = Partial<Omit<OperationSettings, 'retry'>> &
  Pick<OperationSettings, 'name'> & { retry?: Partial<OperationSettings['retry']> };

/** @param endpoint where the operation names none */
export function completeSettings(
  eventType: string,
  endpoint: string,
  operation: StageOperation,
): OperationSettings {
  return {
    ...OPERATION_DEFAULTS,
    timeoutMs: 1_600,
    eventType,
    endpoint,
    ...operation,
    retry: { ...OPERATION_DEFAULTS.retry, backoffMs: 100, backoffCapMs: 2_000, ...operation.retry },
  };
}
