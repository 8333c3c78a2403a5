import { BusOverview } from '@bus/store';
import { Get } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AdminApi } from '../api/admin-api.decorator';
import { timestamp } from '../api/page-answer';
import { LogLag } from './log-lag';

const counts = {
  inFlight: z.number(),
  due: z.number().describe('Waiting for a time: delayed, retrying or surplus'),
  overdue: z.number().describe('Of these, past their time'),
  waiting: z.number().describe('Behind a dependency or in a lane'),
  deadLetters: z.number(),
};

export class OverviewAnswer extends createZodDto(
  z
    .object({
      eventsLastHour: z.number(),
      ...counts,
      overdueForMs: z
        .number()
        .describe('How long the oldest due row of an active operation is past its time'),
      blockedLanes: z.number(),
      quarantined: z.number(),
      operations: z.array(z.object({ operation: z.string(), ...counts })),
      log: z
        .union([
          z.object({
            logId: z.string(),
            lag: z.string().describe('Records that bus-consumer has not stored yet'),
            partitions: z.array(
              z.object({
                partition: z.number(),
                end: z.string(),
                position: z.string().nullable().describe('null: not read yet'),
                lag: z.string(),
              }),
            ),
            fault: z.null(),
          }),
          z.object({ fault: z.string().describe('Why the broker was not read') }),
        ])
        .describe('How far bus-consumer is behind the broker'),
      readAt: timestamp,
    })
    .describe('Counts stop at 100,000, which then means "or more"'),
) {}

@AdminApi('overview')
export class OverviewController {
  constructor(
    private readonly overview: BusOverview,
    private readonly lag: LogLag,
  ) {}

  /** How the bus stands now. */
  @Get()
  @ApiOkResponse({ type: OverviewAnswer })
  async read(): Promise<unknown> {
    const { positions, ...counts } = await this.overview.read();
    return { ...counts, log: await this.lag.read(positions) };
  }
}
