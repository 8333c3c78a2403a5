import { ConsumerModule } from '@bus/consumer-kit';
import { Module } from '@nestjs/common';
import { GRANT_POINTS_EVENTS, GrantPoints } from './grant-points.handler';
import { LedgerRepository } from './ledger.repository';

/** The points service: the account ledger behind `points.grant`. */
@Module({
  imports: [
    ConsumerModule.register({
      service: 'points',
      version: '0.1.0',
      operations: { 'points.grant': GRANT_POINTS_EVENTS },
      handlers: [GrantPoints],
      providers: [LedgerRepository],
    }),
  ],
})
export class PointsModule {}
