import { HealthCheck } from '@bus/app-shell';
import type { DataSource } from 'typeorm';

/** Ready while the app's database answers. */
export class DataSourceHealth extends HealthCheck {
  readonly name = 'database';

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async check(): Promise<void> {
    try {
      await this.dataSource.query('select 1');
    } catch (error) {
      throw new Error('PostgreSQL does not answer', { cause: error });
    }
  }
}
