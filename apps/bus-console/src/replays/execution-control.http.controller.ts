import { ExecutionControl } from '@bus/store';
import { Body, HttpCode, Ip, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { ExecutionParams, ReplayAnswer, ReplayBody, SkipAnswer, SkipBody } from './control-bodies';
import { NotControlledError } from './control.errors';

const Unknown = () =>
  ApiResponse({
    status: 404,
    type: ErrorAnswerDto,
    description: 'No such event, or no such operation of it',
  });
const Conflict = () =>
  ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'It is in flight, or not as you saw it' });
const Refused = () =>
  ApiResponse({ status: 422, type: ErrorAnswerDto, description: 'It may not; the message says why' });

@AdminApi('executions')
export class ExecutionControlController {
  constructor(private readonly control: ExecutionControl) {}

  /** Runs an ended execution again: under the same executionId, or by force under a new one. */
  @Post(':eventId/:operation/replay')
  @HttpCode(200)
  @ApiOkResponse({ type: ReplayAnswer })
  @Unknown()
  @Conflict()
  @Refused()
  async replay(
    @Param() params: ExecutionParams,
    @Body() body: ReplayBody,
    @Ip() ip: string,
  ): Promise<unknown> {
    const { actor, reason, expectedAttempt, force } = body;
    const request = { ...params, expectedAttempt, force };
    const [outcome] = await this.control.replay([request], { actor, reason, ip });
    if (outcome?.outcome !== 'replayed') throw new NotControlledError(outcome ?? { outcome: 'not_found' });
    return outcome;
  }

  /** Ends an open or dead execution without a call: its lane goes on, its dependents are satisfied. */
  @Post(':eventId/:operation/skip')
  @HttpCode(200)
  @ApiOkResponse({ type: SkipAnswer })
  @Unknown()
  @Conflict()
  @Refused()
  async skip(@Param() params: ExecutionParams, @Body() body: SkipBody, @Ip() ip: string): Promise<unknown> {
    const { actor, reason, expectedAttempt } = body;
    const outcome = await this.control.skip({ ...params, expectedAttempt }, { actor, reason, ip });
    if (outcome.outcome !== 'skipped') throw new NotControlledError(outcome);
    return outcome;
  }
}
