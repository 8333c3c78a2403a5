import { BusError } from '@bus/contracts';
import { isCleanText } from '@bus/domain';
import type { PageRequest, TimeRange } from '@bus/store';
import { z } from 'zod';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Searched where a query says no range. */
const DEFAULT_DAYS = 7;
/** Longest range: each day is a partition to read. */
const MOST_DAYS = 31;

/** Of every list. */
export const pageQuery = {
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, 'must be a whole number from 1 to 200')
    .transform(Number)
    .default(50)
    .describe('Rows of a page, 1 to 200'),
  cursor: z.string().max(1024).optional().describe('`nextCursor` of the page before'),
};

const time = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T08:00:00Z' });

/** Of lists that read history. */
export const rangeQuery = {
  from: time
    .optional()
    .describe(`Published at or after this time; default ${DEFAULT_DAYS} days before \`to\``),
  to: time
    .optional()
    .describe(`Published before this time; default now. At most ${MOST_DAYS} days after \`from\``),
};

/** Text of a query: what PostgreSQL can compare. */
export function textQuery(most: number) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(most, `must have at most ${most} characters`)
    .refine(isCleanText, 'must not hold NUL or broken characters');
}

export function pageOf(query: { limit: number; cursor?: string | undefined }): PageRequest {
  return { limit: query.limit, cursor: query.cursor ?? null };
}

/**
 * The range of a query, with its defaults.
 * @throws BusError `invalid` where it is empty or too long
 */
export function rangeOf(query: { from?: string | undefined; to?: string | undefined }, now: Date): TimeRange {
  const end = query.to === undefined ? now.getTime() : Date.parse(query.to);
  const start = query.from === undefined ? end - DEFAULT_DAYS * DAY_MS : Date.parse(query.from);
  if (start >= end || end - start > MOST_DAYS * DAY_MS)
    throw new BusError({
      code: 'invalid',
      message: 'the time range is faulty',
      faults: [{ path: '/from', message: `must be before to, by at most ${MOST_DAYS} days` }],
    });
  // Open at the end it goes on for a day: what a publisher with a fast clock sent just now is found.
  return { from: new Date(start), to: new Date(query.to === undefined ? end + DAY_MS : end) };
}
