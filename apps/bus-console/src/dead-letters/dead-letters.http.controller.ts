import { DEAD_CAUSES, OPERATION_NAME_PATTERN } from '@bus/contracts';
import { DeadLetters } from '@bus/store';
import { Get, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AdminApi } from '../api/admin-api.decorator';
import { pageAnswer, timestamp } from '../api/page-answer';
import { pageOf, pageQuery } from '../api/page-query';

export class DeadLettersQuery extends createZodDto(
  z.strictObject({
    operation: z
      .string()
      .max(64)
      .regex(OPERATION_NAME_PATTERN, 'must be the name of an operation')
      .optional(),
    cause: z.enum(DEAD_CAUSES, `must be one of: ${DEAD_CAUSES.join(', ')}`).optional(),
    ...pageQuery,
  }),
) {}

export class DeadLetterPageAnswer extends createZodDto(
  pageAnswer(
    z.object({
      eventId: z.string(),
      operation: z.string(),
      attempt: z.number(),
      cause: z.enum(DEAD_CAUSES),
      code: z.string().nullable(),
      reason: z.string().nullable(),
      diedAt: timestamp,
      source: z.string(),
      messageId: z.string(),
      type: z.string(),
      key: z.string().nullable(),
    }),
  ),
) {}

@AdminApi('dead-letters')
export class DeadLettersController {
  constructor(private readonly deadLetters: DeadLetters) {}

  /** Executions that were rejected or ran out of attempts or age, newest event first. */
  @Get()
  @ApiOkResponse({ type: DeadLetterPageAnswer })
  list(@Query() query: DeadLettersQuery): Promise<unknown> {
    const search = { operation: query.operation ?? null, cause: query.cause ?? null };
    return this.deadLetters.list(search, pageOf(query));
  }
}
