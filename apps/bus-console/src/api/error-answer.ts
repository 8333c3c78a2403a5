import { ERROR_STATUS, type ErrorCode } from '@bus/contracts';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';

/** The body of every error answer. */
export class ErrorAnswerDto extends createZodDto(
  z.object({
    error: z.object({
      code: z.enum(Object.keys(ERROR_STATUS) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      outcome: z.enum(['not_accepted', 'unknown']),
      faults: z.array(z.object({ path: z.string(), message: z.string() })).max(10),
    }),
  }),
) {}
