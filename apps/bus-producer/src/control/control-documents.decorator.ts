import {
  ATTEMPT_OUTCOMES,
  type CancelAnswer,
  EXECUTION_STATES,
  type RescheduleAnswer,
  type RescheduleRequest,
} from '@bus/contracts';
import { applyDecorators, type Type } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AnswersErrors } from '../api/error-answers.decorator';

const time = () => z.string().meta({ format: 'date-time' });
const executions = z
  .array(
    z.object({
      operation: z.string(),
      state: z.enum(EXECUTION_STATES),
      attempt: z.int().min(0).describe('The last one; 0: none has started'),
    }),
  )
  .describe('Every execution of the event, as it is after the answer');
const example = [{ operation: 'sms.remind-payment', state: 'cancelled' as const, attempt: 0 }];

class CancelAnswerDto extends createZodDto(
  z
    .object({ outcome: z.enum(['cancelled', 'already_cancelled', 'too_late']), executions })
    .meta({ example: { outcome: 'cancelled', executions: example } satisfies CancelAnswer }),
) {}
class RescheduleAnswerDto extends createZodDto(
  z.object({ outcome: z.enum(['rescheduled', 'too_late']), executions }).meta({
    example: {
      outcome: 'rescheduled',
      executions: [{ ...example[0], state: 'scheduled' }],
    } satisfies RescheduleAnswer,
  }),
) {}
class RescheduleRequestDto extends createZodDto(
  z
    .strictObject({
      deliverAt: time().describe('RFC 3339, at most 366 days ahead; a past one is due at once'),
    })
    .meta({ example: { deliverAt: '2026-03-01T13:00:00Z' } satisfies RescheduleRequest }),
) {}
class EventStatusDto extends createZodDto(
  z.object({
    event: z.object({
      eventId: z
        .string()
        .meta({ format: 'uuid' })
        .nullable()
        .describe('null: cancelled or rescheduled before it arrived'),
      source: z.string(),
      messageId: z.string(),
      type: z.string().nullable(),
      key: z.string().nullable(),
      payload: z.unknown().describe('null once retention took it'),
      occurredAt: time().nullable(),
      deliverAt: time().nullable(),
      storedAt: time().nullable(),
      cancelledAt: time().nullable(),
      unrouted: z.boolean().describe('No operation was configured for its type when it was stored'),
    }),
    executions,
    attempts: z
      .array(
        z.object({
          operation: z.string(),
          attempt: z.int().min(1),
          outcome: z.enum(ATTEMPT_OUTCOMES),
          code: z.string().optional(),
          reason: z.string().optional(),
          durationMs: z.number().nullable().describe('null: no call was made'),
          endedAt: time(),
        }),
      )
      .describe('Ended ones, oldest first'),
  }),
) {}

export function DocumentsCancel(): MethodDecorator {
  return documents('cancel', 'Cancel an event', CancelAnswerDto, [
    'Definitive: `cancelled` means that no attempt has started or ever will, even if the event has not arrived yet.',
  ]);
}

export function DocumentsReschedule(): MethodDecorator {
  return applyDecorators(
    documents('reschedule', 'Give a delayed event another time', RescheduleAnswerDto, []),
    ApiBody({ type: RescheduleRequestDto }),
    AnswersErrors('invalid', 'unsupported_type'),
  );
}

export function DocumentsGetEvent(): MethodDecorator {
  return documents('getEvent', 'An event, its executions and attempts', EventStatusDto, []);
}

function documents(
  operationId: string,
  summary: string,
  answer: Type,
  description: string[],
): MethodDecorator {
  return applyDecorators(
    ApiOperation({ operationId, summary, description: description.join(' ') || undefined }),
    ApiParam({
      name: 'source',
      description: 'Percent-encoded: / as %2F',
      example: 'orders',
      schema: { type: 'string' },
    }),
    ApiParam({
      name: 'messageId',
      description: 'Percent-encoded',
      example: 'order-1001',
      schema: { type: 'string' },
    }),
    ApiResponse({ status: 200, description: summary, type: answer }),
    AnswersErrors('not_found', 'unavailable'),
  );
}
