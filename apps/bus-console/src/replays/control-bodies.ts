import { EXECUTION_STATES, LIMITS, OPERATION_NAME_PATTERN } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { timestamp } from '../api/page-answer';
import { textQuery } from '../api/page-query';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const eventId = z.string().regex(UUID, 'must be an event id, a UUID in small letters');
export const operationName = z
  .string()
  .max(64)
  .regex(OPERATION_NAME_PATTERN, 'must be the name of an operation such as points.grant');
export const author = {
  actor: textQuery(100).default('unnamed').describe('Who asks; told, not proved, while there is no login'),
  reason: textQuery(500).describe('Why, for the audit'),
};
const expectedAttempt = z
  .number()
  .int()
  .min(0)
  .max(2_147_483_647)
  .describe('The attempt that you saw; 409 where the execution has gone on since');

export class ExecutionParams extends createZodDto(z.object({ eventId, operation: operationName })) {}
export class EventRouteParams extends createZodDto(z.object({ eventId })) {}
export class LaneParams extends createZodDto(
  z.object({ operation: operationName, key: textQuery(LIMITS.keyBytes) }),
) {}

export class ReplayBody extends createZodDto(
  z.strictObject({
    expectedAttempt,
    force: z
      .boolean()
      .default(false)
      .describe('Repeat the effect on purpose, under a new executionId; a completed execution needs it'),
    ...author,
  }),
) {}
export class SkipBody extends createZodDto(z.strictObject({ expectedAttempt, ...author })) {}
export class RouteBody extends createZodDto(z.strictObject(author)) {}
export class UnblockBody extends createZodDto(
  z.strictObject({
    blockedBy: eventId.describe(
      'The event that you saw as what blocks the lane; 409 where it is another by now',
    ),
    ...author,
  }),
) {}

export class ReplayAnswer extends createZodDto(
  z.object({
    outcome: z.literal('replayed'),
    dueAt: timestamp.describe('When it starts at the earliest'),
    pending: z.array(z.string()).describe('Operations that it waits for'),
    forcedRuns: z.number().describe('How often its effect was repeated on purpose'),
  }),
) {}
export class SkipAnswer extends createZodDto(
  z.object({
    outcome: z.literal('skipped'),
    attempt: z.number().describe('The number that this end took'),
  }),
) {}
export class UnblockAnswer extends createZodDto(
  z.object({
    outcome: z.literal('unblocked'),
    head: z.string().nullable().describe('The event that heads the lane now; null: the lane was empty'),
  }),
) {}
export class RouteAnswer extends createZodDto(
  z.object({
    outcome: z.literal('routed'),
    graphId: z.number(),
    version: z.number(),
    executions: z.array(
      z.object({ operation: z.string(), state: z.enum(EXECUTION_STATES), attempt: z.number() }),
    ),
  }),
) {}
