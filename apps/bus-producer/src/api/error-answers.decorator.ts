import { ERROR_STATUS, type ErrorCode, LIMITS } from '@bus/contracts';
import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

const CODES = Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]];

const errorSchema = z
  .object({
    code: z.enum(CODES).describe('For machines'),
    message: z.string().describe('For people'),
    outcome: z
      .enum(['not_accepted', 'unknown'])
      .describe('`unknown`: it may have been done; send it again, a publish with the same messageId'),
    faults: z
      .array(
        z.object({
          path: z.string().describe('JSON pointer (RFC 6901) into the request'),
          message: z.string(),
        }),
      )
      .max(LIMITS.faults)
      .describe('Everything that is wrong with the request, as far as ten faults tell it'),
  })
  .meta({
    example: {
      code: 'invalid',
      message: 'The event has faults; nothing was published.',
      outcome: 'not_accepted',
      faults: [{ path: '/delayMs', message: 'must be a whole number from 0 to 31622400000' }],
    },
  });

export class ErrorAnswerDto extends createZodDto(z.object({ error: errorSchema })) {}
export { errorSchema };

const MEANINGS: Partial<Record<ErrorCode, string>> = {
  invalid: 'The request has faults; nothing was done',
  not_found: 'The bus has never seen this event',
  too_large: 'The event, the batch or the body is too large',
  unsupported_type: 'The body is not of a JSON media type',
  unprocessable: 'The payload does not fit its type, or the type is not taken',
  unavailable:
    'The broker or the store does not answer, or this process is stopping; `outcome` says what is known',
};

/** Documents the error answers that a route can give. */
export function AnswersErrors(...codes: ErrorCode[]): MethodDecorator {
  return applyDecorators(
    ...codes.map((code) =>
      ApiResponse({ status: ERROR_STATUS[code], description: MEANINGS[code] ?? code, type: ErrorAnswerDto }),
    ),
  );
}
