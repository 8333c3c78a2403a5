import { AuditTrail } from '@bus/store';
import { Get, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AdminApi } from '../api/admin-api.decorator';
import { pageAnswer, timestamp } from '../api/page-answer';
import { pageOf, pageQuery } from '../api/page-query';

export class AuditQuery extends createZodDto(z.strictObject(pageQuery)) {}

export class AuditPageAnswer extends createZodDto(
  pageAnswer(
    z.object({
      auditId: z.string(),
      at: timestamp,
      actor: z.string(),
      action: z.string(),
      target: z.string(),
      beforeHash: z.string().nullable(),
      afterHash: z.string().nullable(),
      reason: z.string().nullable(),
      ip: z.string().nullable(),
      result: z.string(),
    }),
  ),
) {}

@AdminApi('audit')
export class AuditController {
  constructor(private readonly audit: AuditTrail) {}

  /** Who changed what, refusals too, newest first. */
  @Get()
  @ApiOkResponse({ type: AuditPageAnswer })
  list(@Query() query: AuditQuery): Promise<unknown> {
    return this.audit.list(pageOf(query));
  }
}
