import { ExecutionControl } from '@bus/store';
import { Body, HttpCode, Ip, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { LaneParams, UnblockAnswer, UnblockBody } from './control-bodies';
import { LaneRefusedError } from './control.errors';

@AdminApi('lanes')
export class LanesController {
  constructor(private readonly control: ExecutionControl) {}

  /** A lane goes on behind its dead head, which stays a dead letter. `key` is percent-encoded. */
  @Post(':operation/:key/unblock')
  @HttpCode(200)
  @ApiOkResponse({ type: UnblockAnswer })
  @ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such operation' })
  @ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'The lane is not blocked by this event' })
  async unblock(@Param() lane: LaneParams, @Body() body: UnblockBody, @Ip() ip: string): Promise<unknown> {
    const { actor, reason, blockedBy } = body;
    const outcome = await this.control.unblock({ ...lane, blockedBy }, { actor, reason, ip });
    if (outcome.outcome !== 'unblocked') throw new LaneRefusedError(outcome);
    return outcome;
  }
}
