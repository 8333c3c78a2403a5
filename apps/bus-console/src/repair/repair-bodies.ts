import { EVENT_TYPE_PATTERN, LIMITS, MESSAGE_ID_PATTERN, SOURCE_PATTERN } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { textQuery } from '../api/page-query';

const author = {
  actor: textQuery(100).default('unnamed').describe('Who asks; told, not proved, while there is no login'),
  reason: textQuery(500).describe('Why, for the audit'),
};

export class RecordParams extends createZodDto(
  z.object({
    logId: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be the id of a log, percent-encoded'),
    partition: z
      .string()
      .regex(/^\d{1,9}$/, 'must be a partition number')
      .transform(Number),
    offset: z.string().regex(/^\d{1,18}$/, 'must be an offset'),
  }),
) {}

export class ReprocessBody extends createZodDto(z.strictObject(author)) {}

const edits = {
  payload: z.unknown().optional().describe('Default: the payload as it is, byte for byte'),
  key: textQuery(LIMITS.keyBytes).nullable().optional().describe('null: none. Default: as it is'),
  type: z.string().regex(EVENT_TYPE_PATTERN, 'must be an event type such as order.paid').optional(),
  messageId: z
    .string()
    .regex(MESSAGE_ID_PATTERN, 'must have 1 to 128 visible ASCII characters')
    .optional()
    .describe('Default: the one before with ~2, ~3, …; given, a repeat of the request is the same event'),
  ...author,
};

export class ResendBody extends createZodDto(z.strictObject(edits)) {}

export class ResendRecordBody extends createZodDto(
  z.strictObject({
    ...edits,
    source: z
      .string()
      .regex(SOURCE_PATTERN, 'must have 1 to 256 visible ASCII characters')
      .optional()
      .describe('Only where the record names none that can be read'),
  }),
) {}

const published = {
  source: z.string(),
  messageId: z.string(),
  eventId: z.string().describe('Of the record that was published'),
  partition: z.number(),
  offset: z.string(),
};

export class ReprocessAnswer extends createZodDto(
  z.object({ outcome: z.literal('reprocessed'), ...published }),
) {}

export class ResendAnswer extends createZodDto(z.object({ outcome: z.literal('resent'), ...published })) {}
