import { ExecutionControl } from '@bus/store';
import { Body, HttpCode, Ip, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { EventRouteParams, RouteAnswer, RouteBody } from './control-bodies';
import { RouteRefusedError } from './control.errors';

@AdminApi('events')
export class EventRouteController {
  constructor(private readonly control: ExecutionControl) {}

  /** Replays an event that was stored `unrouted`: it runs under the graph of its type that is active now. */
  @Post(':eventId/route')
  @HttpCode(200)
  @ApiOkResponse({ type: RouteAnswer })
  @ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such event is stored' })
  @ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'It is routed already' })
  @ApiResponse({
    status: 422,
    type: ErrorAnswerDto,
    description: 'Its type has no active graph, or it is cancelled',
  })
  async route(
    @Param() params: EventRouteParams,
    @Body() body: RouteBody,
    @Ip() ip: string,
  ): Promise<unknown> {
    const { actor, reason } = body;
    const outcome = await this.control.route(params.eventId, { actor, reason, ip });
    if (outcome.outcome !== 'routed') throw new RouteRefusedError(outcome);
    return outcome;
  }
}
