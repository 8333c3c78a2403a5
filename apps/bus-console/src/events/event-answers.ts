import { ATTEMPT_OUTCOMES, DEAD_CAUSES, EXECUTION_STATES } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { linkedEvent, pageAnswer, timestamp } from '../api/page-answer';

const event = {
  eventId: z.string(),
  source: z.string(),
  messageId: z.string(),
  type: z.string(),
  key: z.string().nullable(),
  occurredAt: timestamp,
  deliverAt: timestamp.nullable(),
  storedAt: timestamp,
  unrouted: z.boolean().describe('No operation was configured for its type when it was stored'),
};
const states = Object.fromEntries(EXECUTION_STATES.map((state) => [state, z.number().optional()]));

export class EventPageAnswer extends createZodDto(
  pageAnswer(
    z.object({ ...event, states: z.object(states).describe('How many executions are in which state') }),
  ).extend({
    searched: z
      .object({ from: timestamp, to: timestamp })
      .nullable()
      .describe('Times of publishing that were searched; null: all'),
    placeholder: z
      .object({
        source: z.string(),
        messageId: z.string(),
        cancelledAt: timestamp.nullable(),
        deliverAt: timestamp.nullable(),
      })
      .nullable()
      .describe('By source and message id: it was cancelled or rescheduled and has not arrived'),
  }),
) {}

const attempt = z.object({
  attempt: z.number(),
  outcome: z.enum(ATTEMPT_OUTCOMES),
  code: z.string().nullable(),
  reason: z.string().nullable(),
  output: z.unknown(),
  durationMs: z.number().nullable().describe('null: no call was made'),
  endedAt: timestamp,
});

const execution = z.object({
  operation: z.string(),
  state: z.enum(EXECUTION_STATES).nullable().describe('null: neither a home nor an end, a fault of the bus'),
  attempt: z.number().describe('The last one; 0: none has started'),
  dueAt: timestamp.nullable(),
  waitsFor: z.string().nullable().describe('In words; null: for nothing'),
  deadLetter: z
    .object({
      cause: z.enum(DEAD_CAUSES),
      code: z.string().nullable(),
      reason: z.string().nullable(),
      diedAt: timestamp,
    })
    .nullable(),
  attempts: z.array(attempt),
});

const moment = z.object({
  at: timestamp.nullable().describe('null: when is not known'),
  operation: z.string().nullable().describe('null: of the event itself'),
  words: z.string(),
});

export class EventTimelineAnswer extends createZodDto(
  z.object({
    event: z.object({
      ...event,
      payload: z.unknown().describe('JSON; null once retention took it'),
      traceparent: z.string().nullable(),
      cancelledAt: timestamp.nullable(),
      graphVersion: z.number().nullable(),
      brokerPartition: z.number(),
      brokerOffset: z.string(),
    }),
    original: z
      .object({
        eventId: z.string().nullable(),
        record: z
          .object({ logId: z.string(), partition: z.number(), offset: z.string() })
          .nullable()
          .describe('In quarantine'),
        actor: z.string(),
        reason: z.string(),
        linkedAt: timestamp,
      })
      .nullable()
      .describe('What it was sent again from; null: it is nobody’s repair'),
    resentAs: z.array(linkedEvent).describe('New events that it was sent again as'),
    executions: z.array(execution),
    timeline: z.array(moment).describe('What happened, in order; then what is yet to come'),
    readAt: timestamp.describe("The database's clock"),
  }),
) {}
