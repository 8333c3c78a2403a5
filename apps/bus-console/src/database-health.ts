import { HealthCheck, HealthChecks } from '@bus/app-shell';
import { OperationGraphs } from '@bus/store';
import { Injectable } from '@nestjs/common';

/** Without Postgres the console has nothing to show. */
@Injectable()
export class DatabaseHealth extends HealthCheck {
  readonly name = 'database';

  constructor(
    private readonly graphs: OperationGraphs,
    checks: HealthChecks,
  ) {
    super();
    checks.register(this);
  }

  async check(): Promise<void> {
    try {
      await this.graphs.revision();
    } catch (error) {
      throw new Error('Postgres does not answer, or bus-migrate has not run', { cause: error });
    }
  }
}
