import { Clock } from '@bus/app-shell';
import { BusError } from '@bus/contracts';
import { EventTimeline } from '@bus/store';
import { Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { pageOf, rangeOf } from '../api/page-query';
import { EventPageAnswer, EventTimelineAnswer } from './event-answers';
import { EventParams, EventsQuery } from './event-queries';
import { timelineAnswer } from './timeline-answer';

@AdminApi('events')
export class EventsController {
  constructor(
    private readonly events: EventTimeline,
    private readonly clock: Clock,
  ) {}

  /**
   * Events, newest first; all given conditions hold together. By `source` and `messageId`, or without a condition,
   * all times are searched. Every other condition has no index of its own, and looks into the last 7 days unless
   * `from` and `to` say otherwise, 31 days at most.
   */
  @Get()
  @ApiOkResponse({ type: EventPageAnswer })
  async search(@Query() query: EventsQuery): Promise<unknown> {
    const { source, messageId, type, key, orderId } = query;
    const range = needsRange(query) ? rangeOf(query, this.clock.now()) : null;
    const page = await this.events.search({ source, messageId, type, key, orderId, range }, pageOf(query));
    return { ...page, searched: range, placeholder: await this.placeholderOf(query, page.rows.length) };
  }

  /** What became of one event: executions, attempts, and what each waits for. */
  @Get(':eventId')
  @ApiOkResponse({ type: EventTimelineAnswer })
  @ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such event is stored' })
  async timeline(@Param() { eventId }: EventParams): Promise<unknown> {
    const view = await this.events.timeline(eventId);
    if (view === null) throw new BusError({ code: 'not_found', message: 'no event of this id is stored' });
    return timelineAnswer(view);
  }

  private async placeholderOf({ source, messageId }: EventsQuery, found: number): Promise<unknown> {
    if (found > 0 || source === undefined || messageId === undefined) return null;
    return this.events.placeholder({ source, messageId });
  }
}

function needsRange(query: EventsQuery): boolean {
  if (query.from !== undefined || query.to !== undefined) return true;
  const { source, messageId, type, key, orderId } = query;
  if (source !== undefined && messageId !== undefined) return false;
  return [source, messageId, type, key, orderId].some((condition) => condition !== undefined);
}
