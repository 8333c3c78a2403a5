import { EVENT_TYPE_PATTERN, LIMITS, MESSAGE_ID_PATTERN, SOURCE_PATTERN } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { pageQuery, rangeQuery, textQuery } from '../api/page-query';

const EVENT_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export class EventsQuery extends createZodDto(
  z.strictObject({
    source: z
      .string()
      .regex(SOURCE_PATTERN, 'must have 1 to 256 visible ASCII characters')
      .optional()
      .describe('With `messageId` the event is found at any age, without a range'),
    messageId: z.string().regex(MESSAGE_ID_PATTERN, 'must have 1 to 128 visible ASCII characters').optional(),
    type: z.string().regex(EVENT_TYPE_PATTERN, 'must be an event type such as order.paid').optional(),
    key: textQuery(LIMITS.keyBytes).optional(),
    orderId: textQuery(256)
      .optional()
      .describe('`payload.orderId`. Every event of the range is read: give a short one, or the key too'),
    ...rangeQuery,
    ...pageQuery,
  }),
) {}

export class EventParams extends createZodDto(
  z.object({ eventId: z.string().regex(EVENT_ID, 'must be an event id, a UUID in small letters') }),
) {}
