import { Injectable } from '@nestjs/common';
import { MetricsRegistry } from '@bus/app-shell';
import { StorePool } from '@bus/store';
import { Counter } from 'prom-client';

/** What the store's driver counts, as metrics. */
@Injectable()
export class StoreGauge {
  constructor(pool: StorePool, registry: MetricsRegistry) {
    const counted = (name: string, help: string, read: () => number) =>
      new Counter({
        name,
        help,
        registers: [registry],
        collect() {
          this.reset();
          this.inc(read());
        },
      });
    counted(
      'bus_sql_statements_total',
      'Statements sent to Postgres, BEGIN and COMMIT included',
      () => pool.statements.total,
    );
    counted(
      'bus_transactions_again_total',
      'Transactions that were run again as a whole',
      () => pool.transactionsAgain,
    );
    counted(
      'bus_store_connections_lost_total',
      'Idle connections that broke',
      () => pool.idleConnectionsLost,
    );
  }
}
