import { Injectable, Logger } from '@nestjs/common';
import { MetricsRegistry } from '@bus/app-shell';
import { PartitionUpkeep } from '@bus/store';
import { Gauge } from 'prom-client';
import { Chores } from './chores';

const HOUR_MS = 3_600_000;
/** A week without upkeep fills no default partition. */
const DAYS_AHEAD = 7;

/** Makes the days that events and attempts are partitioned by, ahead of time. */
@Injectable()
export class PartitionScheduler {
  private readonly logger = new Logger(PartitionScheduler.name);
  private readonly strayRows: Gauge;

  constructor(
    private readonly upkeep: PartitionUpkeep,
    chores: Chores,
    registry: MetricsRegistry,
  ) {
    this.strayRows = new Gauge({
      name: 'bus_default_partition_rows',
      help: 'Rows that belong to a day and stand in the default partition: anything but 0 is an alarm',
      registers: [registry],
    });
    chores.add('day partitions', HOUR_MS, () => this.ensure());
  }

  async ensure(): Promise<void> {
    const made = await this.upkeep.ensureDays(DAYS_AHEAD);
    if (made > 0) this.logger.log({ partitions: made }, 'day partitions were made');
    const stray = await this.upkeep.defaultRowsNewerThanOldest();
    this.strayRows.set(stray);
    if (stray > 0)
      this.logger.error(
        { rows: stray },
        'rows stand in the default partition: a clock is far ahead, or days came late',
      );
  }
}
