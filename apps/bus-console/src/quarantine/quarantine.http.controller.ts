import { BusError } from '@bus/contracts';
import { RECORD_FAULTS } from '@bus/domain';
import { Quarantine } from '@bus/store';
import { Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { linkedEvent, pageAnswer, timestamp } from '../api/page-answer';
import { pageOf, pageQuery } from '../api/page-query';

export class QuarantineQuery extends createZodDto(z.strictObject(pageQuery)) {}

export class RecordQuery extends createZodDto(
  z.strictObject({
    logId: z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be the id of a log'),
    partition: z
      .string()
      .regex(/^\d{1,9}$/, 'must be a partition number')
      .transform(Number),
    offset: z.string().regex(/^\d{1,18}$/, 'must be an offset'),
  }),
) {}

const record = {
  logId: z.string(),
  partition: z.number(),
  offset: z.string(),
  fault: z.enum(RECORD_FAULTS),
  detail: z.string(),
  keyBytes: z.number().nullable(),
  valueBytes: z.number().nullable(),
  appendedAt: timestamp,
  quarantinedAt: timestamp,
  reprocessedAt: timestamp.nullable().describe('When it was published again'),
  reprocessedBy: z.string().nullable(),
};

export class QuarantinePageAnswer extends createZodDto(pageAnswer(z.object(record))) {}

export class RecordAnswer extends createZodDto(
  z.object({
    ...record,
    keyBase64: z.string().nullable(),
    valueBase64: z.string().nullable(),
    headers: z.array(z.object({ name: z.string(), valueBase64: z.string() })),
    resentAs: z.array(linkedEvent).describe('New events that it was sent again as'),
  }),
) {}

@AdminApi('quarantine')
export class QuarantineController {
  constructor(private readonly quarantine: Quarantine) {}

  /** Broker records that could not become events, newest first. */
  @Get()
  @ApiOkResponse({ type: QuarantinePageAnswer })
  list(@Query() query: QuarantineQuery): Promise<unknown> {
    return this.quarantine.list(pageOf(query));
  }

  /** One record with its raw bytes. */
  @Get('record')
  @ApiOkResponse({ type: RecordAnswer })
  @ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such record is in quarantine' })
  async record(@Query() query: RecordQuery): Promise<unknown> {
    const found = await this.quarantine.record(query.logId, query.partition, query.offset);
    if (found === null) throw new BusError({ code: 'not_found', message: 'no such record is in quarantine' });
    const { key, value, headers, ...summary } = found;
    return {
      ...summary,
      keyBase64: key?.toString('base64') ?? null,
      valueBase64: value?.toString('base64') ?? null,
      headers: headers.map(([name, valueBase64]) => ({ name, valueBase64 })),
    };
  }
}
