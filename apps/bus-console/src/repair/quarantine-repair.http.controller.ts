import { BusError } from '@bus/contracts';
import { readableParts, type ReadableParts } from '@bus/domain';
import { EventRepairs } from '@bus/store';
import { Body, HttpCode, Ip, Param, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { EventResend, type ResentEvent } from './event-resend';
import { asIncoming, QuarantineReprocess, type ReprocessedRecord } from './quarantine-reprocess';
import {
  RecordParams,
  ReprocessAnswer,
  ReprocessBody,
  ResendAnswer,
  ResendRecordBody,
} from './repair-bodies';

const Conflict = () =>
  ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'It was published again before' });
const Unprocessable = () =>
  ApiResponse({ status: 422, type: ErrorAnswerDto, description: 'Still faulty; the fault is named' });

@AdminApi('quarantine')
export class QuarantineRepairController {
  constructor(
    private readonly reprocessing: QuarantineReprocess,
    private readonly resending: EventResend,
    private readonly repairs: EventRepairs,
  ) {}

  /** Publishes the record again, if it can be decoded by now. */
  @Post(':logId/:partition/:offset/reprocess')
  @HttpCode(200)
  @ApiOkResponse({ type: ReprocessAnswer })
  @Conflict()
  @Unprocessable()
  reprocess(
    @Param() place: RecordParams,
    @Body() body: ReprocessBody,
    @Ip() ip: string,
  ): Promise<ReprocessedRecord> {
    return this.reprocessing.reprocess(place, { actor: body.actor, reason: body.reason, ip });
  }

  /** Publishes an edited record as a new event, linked to this one. What cannot be read of it has to be given. */
  @Post(':logId/:partition/:offset/resend')
  @HttpCode(200)
  @ApiOkResponse({ type: ResendAnswer })
  @Conflict()
  @Unprocessable()
  async resend(
    @Param() place: RecordParams,
    @Body() body: ResendRecordBody,
    @Req() request: { rawBody?: Buffer },
    @Ip() ip: string,
  ): Promise<ResentEvent> {
    const { actor, reason, source, ...edits } = body;
    const author = { actor, reason, ip };
    const record = await this.reprocessing.unmarked(place);
    const original = withSource(readableParts(asIncoming(record)), source);
    const bodyText = request.rawBody?.toString('utf8') ?? '';
    const resent = await this.resending.send(original, { record: place }, edits, { author, bodyText });
    await this.repairs.markReprocessed(place, {
      action: 'quarantine.resend',
      target: `${place.logId} ${place.partition} ${place.offset}`,
      author,
      result: `published: ${resent.source} ${resent.messageId} at ${resent.partition} ${resent.offset}`,
    });
    return resent;
  }
}

/** The publisher's own word stands; nobody sends an event in the name of another. */
function withSource(parts: ReadableParts, given: string | undefined): ReadableParts & { source: string } {
  const source = parts.source ?? given;
  if (source !== undefined && (given === undefined || given === source)) return { ...parts, source };
  throw new BusError({
    code: 'unprocessable',
    message: 'the event has faults; nothing was published',
    faults: [
      {
        path: '/source',
        message: source === undefined ? 'required: the record names none' : 'the record names its own',
      },
    ],
  });
}
