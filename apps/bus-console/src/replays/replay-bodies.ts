import { DEAD_CAUSES, EVENT_TYPE_PATTERN, LIMITS, MESSAGE_ID_PATTERN, SOURCE_PATTERN } from '@bus/contracts';
import { REPLAY_RUN_STATES } from '@bus/store';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { pageAnswer, timestamp } from '../api/page-answer';
import { pageQuery, textQuery } from '../api/page-query';
import { author, operationName } from './control-bodies';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T08:00:00Z' });
const cause = z.enum(DEAD_CAUSES, `must be one of: ${DEAD_CAUSES.join(', ')}`);

/** Dead letters; what is absent or null selects all. */
const filter = z
  .strictObject({
    operation: operationName.nullable().default(null),
    causes: z.array(cause).min(1).max(DEAD_CAUSES.length).nullable().default(null),
    eventType: z
      .string()
      .regex(EVENT_TYPE_PATTERN, 'must be an event type such as order.paid')
      .nullable()
      .default(null),
    code: textQuery(256).nullable().default(null).describe('As the service answered it'),
    diedFrom: time.nullable().default(null),
    diedTo: time.nullable().default(null).describe('Excluded'),
    source: z
      .string()
      .regex(SOURCE_PATTERN, 'must have 1 to 256 visible ASCII characters')
      .nullable()
      .default(null),
    key: textQuery(LIMITS.keyBytes).nullable().default(null),
    messageIds: z
      .array(z.string().regex(MESSAGE_ID_PATTERN, 'must have 1 to 128 visible ASCII characters'))
      .min(1)
      .max(500)
      .nullable()
      .default(null),
  })
  .describe('Which dead letters; what is left out selects all');

export class PreviewBody extends createZodDto(z.strictObject({ filter })) {}

export class StartRunBody extends createZodDto(
  z.strictObject({
    filter,
    ratePerSecond: z
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(50)
      .describe('Executions per second, however many replicas the console has'),
    ...author,
  }),
) {}

export class RunParams extends createZodDto(
  z.object({ id: z.string().regex(UUID, 'must be the id of a replay run') }),
) {}

export class RunsQuery extends createZodDto(z.strictObject(pageQuery)) {}

export class ChangeRunBody extends createZodDto(
  z.strictObject({ state: z.enum(['running', 'paused', 'cancelled']), ...author }),
) {}

const run = z.object({
  runId: z.string(),
  state: z.enum(REPLAY_RUN_STATES),
  filter: z.record(z.string(), z.unknown()),
  ratePerSecond: z.number(),
  selected: z.number().describe('Dead letters that the filter found when the run was started'),
  replayed: z.number(),
  conflicts: z.number().describe('Somebody else was faster'),
  refused: z.number().describe('Cancelled, or older than services remember'),
  actor: z.string(),
  reason: z.string(),
  createdAt: timestamp.describe('Only what died before is replayed'),
  endedAt: timestamp.nullable(),
});
export class RunAnswer extends createZodDto(run) {}
export class RunPageAnswer extends createZodDto(pageAnswer(run)) {}

export class PreviewAnswer extends createZodDto(
  z.object({
    executions: z.number(),
    events: z.number(),
    groups: z.array(
      z.object({
        operation: z.string(),
        cause: z.enum(DEAD_CAUSES),
        executions: z.number(),
        events: z.number(),
        earliestDiedAt: timestamp,
        latestDiedAt: timestamp,
      }),
    ),
    sample: z
      .array(
        z.object({
          eventId: z.string(),
          operation: z.string(),
          attempt: z.number(),
          cause: z.enum(DEAD_CAUSES),
          code: z.string().nullable(),
          diedAt: timestamp,
          source: z.string(),
          messageId: z.string(),
          type: z.string(),
          key: z.string().nullable(),
        }),
      )
      .describe('20 at most, oldest events first'),
    warnings: z.array(
      z.object({
        code: z.enum(['operation_paused', 'operation_disabled', 'too_old', 'lane_blocked']),
        operation: z.string(),
        executions: z.number(),
        message: z.string(),
      }),
    ),
  }),
) {}
