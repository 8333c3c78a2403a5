import { z } from 'zod';

/** A time in an answer: RFC 3339, UTC, milliseconds. */
export const timestamp = z.iso.datetime();

/** A page of any list. */
export function pageAnswer<Row extends z.ZodType>(row: Row) {
  return z.object({
    rows: z.array(row),
    nextCursor: z.string().nullable().describe('`cursor` of the next page; null: this is the last'),
  });
}

/** A new event that an event or a quarantined record was sent again as. */
export const linkedEvent = z.object({
  source: z.string(),
  messageId: z.string(),
  actor: z.string(),
  reason: z.string(),
  linkedAt: timestamp,
});
