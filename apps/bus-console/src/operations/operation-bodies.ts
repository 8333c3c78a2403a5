import { EVENT_TYPE_PATTERN, OPERATION_NAME_PATTERN } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { textQuery } from '../api/page-query';
import { timestamp } from '../api/page-answer';

const eventType = z.string().regex(EVENT_TYPE_PATTERN, 'must be an event type such as order.paid');
const version = z.number().int().positive().nullable();
const author = {
  actor: textQuery(100).default('unnamed').describe('Who asks; told, not proved, while there is no login'),
  reason: textQuery(500).nullable().default(null).describe('Why, for the audit'),
};

/** Operations as `operations.yaml` files hold them; their faults are told by the domain, as 422. */
const entries = z
  .record(z.string(), z.unknown())
  .describe('Operation name → settings; `eventType` is required, and `endpoint` where it is not built in');

export class PlanBody extends createZodDto(
  z.strictObject({
    operations: entries,
    prune: z.boolean().default(false).describe('Remove active operations that are not named'),
  }),
) {}

export class ActivateBody extends createZodDto(
  z.strictObject({
    operations: entries,
    prune: z.boolean().default(false),
    expectedVersions: z
      .record(eventType, version)
      .describe('Event type → the active version that the plan was made on (null: none), of all that change'),
    ...author,
  }),
) {}

export class StateBody extends createZodDto(z.strictObject(author)) {}

export class OperationParams extends createZodDto(
  z.object({
    name: z
      .string()
      .max(64)
      .regex(OPERATION_NAME_PATTERN, 'must be the name of an operation such as points.grant'),
  }),
) {}

export class HistoryQuery extends createZodDto(
  z.strictObject({ eventType: eventType.optional().describe('Of this event type alone') }),
) {}

const settings = z
  .object({ name: z.string(), eventType: z.string(), state: z.enum(['active', 'paused', 'disabled']) })
  .loose()
  .describe('Complete settings');
const change = z.object({
  setting: z.string().describe('`timeoutMs`, `retry.backoffMs`'),
  from: z.unknown(),
  to: z.unknown(),
  kind: z.enum(['pinned', 'live']).describe('pinned: events that are stored keep the old one'),
});

export class GraphsAnswer extends createZodDto(
  z.object({
    graphs: z.array(
      z.object({
        graphId: z.number(),
        eventType: z.string(),
        version: z.number(),
        operations: z.array(settings),
      }),
    ),
  }),
) {}

export class HistoryAnswer extends createZodDto(
  z.object({
    graphs: z.array(
      z.object({
        graphId: z.number(),
        eventType: z.string(),
        version: z.number(),
        state: z.enum(['active', 'retired']),
        operations: z.array(settings),
        activatedAt: timestamp,
        activatedBy: z.string(),
      }),
    ),
  }),
) {}

export class PlanAnswer extends createZodDto(
  z.object({
    graphs: z.array(
      z.object({
        eventType: z.string(),
        expectedVersion: version,
        outcome: z.enum(['unchanged', 'activate', 'retire']),
        added: z.array(z.string()),
        removed: z.array(z.string()),
        changed: z.array(z.object({ operation: z.string(), settings: z.array(change) })),
        kept: z.array(z.string()).describe('Active operations that are not named; they stay'),
        operations: z.array(settings).describe('The graph as it would be'),
      }),
    ),
  }),
) {}

export class ActivateAnswer extends createZodDto(
  z.object({
    graphs: z.array(
      z.object({
        eventType: z.string(),
        outcome: z.enum(['activated', 'retired', 'unchanged']),
        graphId: z.number().nullable(),
        version: z.number(),
      }),
    ),
  }),
) {}

export class StateAnswer extends createZodDto(
  z.object({ operation: z.string(), state: z.enum(['active', 'paused', 'disabled']) }),
) {}
