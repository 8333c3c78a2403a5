import { BusError } from '@bus/contracts';
import type { ArgumentMetadata } from '@nestjs/common';
import { createZodValidationPipe } from 'nestjs-zod';
import { z } from 'zod';

const ZodPipe = createZodValidationPipe({
  createValidationException: (error) =>
    new BusError({
      code: 'invalid',
      message: 'the request is faulty',
      faults: error instanceof z.ZodError ? error.issues.flatMap(faultsOf) : [],
    }),
});

/** Checks every parameter whose type is a zod DTO; all faults at once, without repeating what was given. */
export class InputPipe extends ZodPipe {
  /** No body counts as an empty one. */
  override transform(value: unknown, metadata: ArgumentMetadata): unknown {
    return super.transform(value ?? {}, metadata);
  }
}

function faultsOf(issue: z.core.$ZodIssue): { path: string; message: string }[] {
  const path = issue.path.map((segment) => `/${pointerToken(String(segment))}`).join('');
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
  return issue.keys.map((key) => ({ path: `${path}/${pointerToken(key)}`, message: 'is not known here' }));
}

/** RFC 6901, cut: a name can be as long as the request. */
function pointerToken(name: string): string {
  return name.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1');
}
