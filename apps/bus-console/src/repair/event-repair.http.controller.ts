import { BusError } from '@bus/contracts';
import { EventTimeline } from '@bus/store';
import { Body, HttpCode, Ip, Param, Post, Req } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { EventParams } from '../events/event-queries';
import { EventResend, type ResentEvent } from './event-resend';
import { ResendAnswer, ResendBody } from './repair-bodies';

@AdminApi('events')
export class EventRepairController {
  constructor(
    private readonly events: EventTimeline,
    private readonly resending: EventResend,
  ) {}

  /** Publishes the event again, edited or not, as a new one that is linked to it; it starts at once. */
  @Post(':eventId/resend')
  @HttpCode(200)
  @ApiOkResponse({ type: ResendAnswer })
  @ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such event is stored' })
  @ApiResponse({
    status: 409,
    type: ErrorAnswerDto,
    description: 'The message id is in use, or a second click',
  })
  @ApiResponse({ status: 422, type: ErrorAnswerDto, description: 'Faulty; every fault is named' })
  async resend(
    @Param() { eventId }: EventParams,
    @Body() body: ResendBody,
    @Req() request: { rawBody?: Buffer },
    @Ip() ip: string,
  ): Promise<ResentEvent> {
    const { actor, reason, ...edits } = body;
    const view = await this.events.timeline(eventId);
    if (view === null) throw new BusError({ code: 'not_found', message: 'no event of this id is stored' });
    const { occurredAt, ...event } = view.event;
    return this.resending.send({ ...event, occurredAt: occurredAt.toISOString() }, { eventId }, edits, {
      author: { actor, reason, ip },
      bodyText: request.rawBody?.toString('utf8') ?? '',
    });
  }
}
