import { Clock } from '@bus/app-shell';
import { EXECUTION_STATES, OPERATION_NAME_PATTERN } from '@bus/contracts';
import { ExecutionList } from '@bus/store';
import { Get, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AdminApi } from '../api/admin-api.decorator';
import { pageAnswer, timestamp } from '../api/page-answer';
import { pageOf, pageQuery, rangeOf, rangeQuery } from '../api/page-query';

export class ExecutionsQuery extends createZodDto(
  z.strictObject({
    state: z
      .enum(EXECUTION_STATES, `must be one of: ${EXECUTION_STATES.join(', ')}`)
      .optional()
      .describe('Default: all that have not ended. Ended ones are looked for in the range'),
    operation: z
      .string()
      .max(64)
      .regex(OPERATION_NAME_PATTERN, 'must be the name of an operation')
      .optional(),
    ...rangeQuery,
    ...pageQuery,
  }),
) {}

export class ExecutionPageAnswer extends createZodDto(
  pageAnswer(
    z.object({
      eventId: z.string(),
      operation: z.string(),
      state: z.enum(EXECUTION_STATES),
      attempt: z.number(),
      dueAt: timestamp.nullable(),
      source: z.string(),
      messageId: z.string(),
      type: z.string(),
      key: z.string().nullable(),
    }),
  ),
) {}

@AdminApi('executions')
export class ExecutionsController {
  constructor(
    private readonly executions: ExecutionList,
    private readonly clock: Clock,
  ) {}

  /** Executions by state and operation, newest event first. */
  @Get()
  @ApiOkResponse({ type: ExecutionPageAnswer })
  list(@Query() query: ExecutionsQuery): Promise<unknown> {
    const search = {
      state: query.state ?? null,
      operation: query.operation ?? null,
      range: rangeOf(query, this.clock.now()),
    };
    return this.executions.list(search, pageOf(query));
  }
}
