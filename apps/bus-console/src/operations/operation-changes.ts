import { BusError, type Fault } from '@bus/contracts';
import { checkExpression, graphFaults, planGraphs, readOperationEntries, type GraphPlan } from '@bus/domain';
import { OperationGraphs, type ActivatedGraph, type ChangeAuthor } from '@bus/store';
import { Inject, Injectable } from '@nestjs/common';

/** Hosts that endpoints may name; empty: any. */
export const OPERATION_HOSTS = Symbol('OPERATION_HOSTS');

export interface WantedOperations {
  /** Operation name → settings, unchecked. */
  operations: Record<string, unknown>;
  prune: boolean;
}

/** Operations that cannot be activated. */
export class FaultyOperationsError extends BusError {
  constructor(faults: readonly Fault[]) {
    super({ code: 'unprocessable', message: 'the operations are faulty; nothing was changed', faults });
  }
}

/** Another change came between plan and activation. */
export class StalePlanError extends BusError {
  constructor(eventType: string) {
    super({
      code: 'conflict',
      message: 'the operations were changed since the plan was made; plan again',
      faults: [{ path: `/expectedVersions/${eventType}`, message: 'is not the active version' }],
    });
  }
}

/** Plans and activates operations as files hold them, on what is active now. */
@Injectable()
export class OperationChanges {
  constructor(
    private readonly graphs: OperationGraphs,
    @Inject(OPERATION_HOSTS) private readonly allowedHosts: readonly string[],
  ) {}

  /** @throws FaultyOperationsError with every fault, paths below `/operations` */
  async plan(wanted: WantedOperations): Promise<GraphPlan[]> {
    const { entries, faults } = readOperationEntries(wanted.operations, '/operations');
    const plans = planGraphs({ entries, active: await this.graphs.active(), prune: wanted.prune });
    const rules = {
      checkExpression,
      allowedHosts: this.allowedHosts,
      unreadable: Object.keys(wanted.operations).filter((name) => !Object.hasOwn(entries, name)),
    };
    const found = plans
      .filter((plan) => plan.outcome === 'activate')
      .flatMap((plan) => graphFaults(plan, rules, '/operations'));
    if (faults.length + found.length > 0) throw new FaultyOperationsError([...faults, ...found]);
    return plans;
  }

  /**
   * All event types at once, or none.
   * @param expectedVersions event type → the version that the caller's plan was made on, of all that change
   * @throws StalePlanError where another change came between; FaultyOperationsError as `plan`
   */
  async activate(
    wanted: WantedOperations & { expectedVersions: Record<string, number | null> },
    author: ChangeAuthor,
  ): Promise<ActivatedGraph[]> {
    const plans = await this.plan(wanted);
    const moving = plans.filter((plan) => plan.outcome !== 'unchanged');
    for (const plan of moving)
      if (wanted.expectedVersions[plan.eventType] !== plan.expectedVersion)
        throw new StalePlanError(plan.eventType);
    const changes = moving.map((plan) => ({
      eventType: plan.eventType,
      expectedVersion: plan.expectedVersion,
      operations: plan.operations,
      keepState: plan.keepState,
      actor: author.actor,
      reason: author.reason ?? null,
      ip: author.ip ?? null,
    }));
    const result = await this.graphs.activateAll(changes);
    if (result.outcome === 'stale') throw new StalePlanError(result.eventType);
    return result.graphs;
  }
}
