import { Inject, Injectable, Logger } from '@nestjs/common';
import { pruneBrokerLog } from '@bus/broker';
import { StorePool } from '@bus/store';
import { EventIntake } from '../inbox/event-intake';
import { Chores } from './chores';

const HOUR_MS = 3_600_000;

/** Token: how long stored records stay in the Postgres broker's log, in ms; `null`: the log is elsewhere. */
export const LOG_KEEP_MS = Symbol('LOG_KEEP_MS');

/** Deletes old records of the Postgres broker that are stored as events: of the partitions that this replica reads. */
@Injectable()
export class LogPruningScheduler {
  private readonly logger = new Logger(LogPruningScheduler.name);

  constructor(
    private readonly pool: StorePool,
    private readonly intake: EventIntake,
    chores: Chores,
    @Inject(LOG_KEEP_MS) keepMs: number | null,
  ) {
    if (keepMs !== null) chores.add('broker log', HOUR_MS, () => this.prune(keepMs));
  }

  async prune(keepMs: number): Promise<void> {
    const deleted = await pruneBrokerLog(this.pool, {
      keepMs,
      below: this.intake.storedPositions('postgres:'),
    });
    if (deleted > 0) this.logger.log({ records: deleted }, 'old records of the broker log were deleted');
  }
}
