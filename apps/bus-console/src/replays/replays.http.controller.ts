import { BusError } from '@bus/contracts';
import { ReplayPreviews, ReplayRuns, type ReplayWarning } from '@bus/store';
import { Body, Get, Headers, HttpCode, Ip, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import { pageOf } from '../api/page-query';
import {
  ChangeRunBody,
  PreviewAnswer,
  PreviewBody,
  RunAnswer,
  RunPageAnswer,
  RunParams,
  RunsQuery,
  StartRunBody,
} from './replay-bodies';

const WARNINGS: Record<ReplayWarning['code'], string> = {
  operation_paused: 'the operation is paused: what is replayed is held until it is resumed',
  operation_disabled: 'the operation is disabled: what is replayed is held until it is resumed',
  too_old: 'services may have forgotten these effects after 90 days: they will be refused',
  lane_blocked: 'their lanes are blocked by other dead events: they will wait behind those',
};
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;

const Unknown = () => ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such replay run' });

@AdminApi('replays')
export class ReplaysController {
  constructor(
    private readonly runs: ReplayRuns,
    private readonly previews: ReplayPreviews,
  ) {}

  /** What a replay run would touch; changes nothing. */
  @Post('preview')
  @HttpCode(200)
  @ApiOkResponse({ type: PreviewAnswer })
  async preview(@Body() { filter }: PreviewBody): Promise<unknown> {
    const preview = await this.previews.preview(filter);
    const warnings = preview.warnings.map((warning) => ({ ...warning, message: WARNINGS[warning.code] }));
    return { ...preview, warnings };
  }

  /** Replays, throttled, every dead letter of the filter that died before now. The same key gives the same run. */
  @Post()
  @ApiHeader({ name: 'Idempotency-Key', required: false, description: '1 to 128 visible ASCII characters' })
  @ApiCreatedResponse({ type: RunAnswer })
  @ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'The key belongs to another run' })
  async start(
    @Body() body: StartRunBody,
    @Ip() ip: string,
    @Headers('idempotency-key') key?: string,
  ): Promise<unknown> {
    if (key !== undefined && !IDEMPOTENCY_KEY.test(key))
      throw new BusError({
        code: 'invalid',
        message: 'the header Idempotency-Key must have 1 to 128 visible ASCII characters',
      });
    const { filter, ratePerSecond, actor, reason } = body;
    const author = { actor, reason, ip };
    const started = await this.runs.start({ filter, ratePerSecond, idempotencyKey: key ?? null, author });
    if (started.outcome === 'conflict')
      throw new BusError({
        code: 'conflict',
        message: 'this Idempotency-Key belongs to a run with another filter or rate; take a new key',
      });
    return started.run;
  }

  /** Newest first. */
  @Get()
  @ApiOkResponse({ type: RunPageAnswer })
  list(@Query() query: RunsQuery): Promise<unknown> {
    return this.runs.list(pageOf(query));
  }

  /** How far a run is. */
  @Get(':id')
  @ApiOkResponse({ type: RunAnswer })
  @Unknown()
  async find(@Param() { id }: RunParams): Promise<unknown> {
    const run = await this.runs.find(id);
    if (run === null) throw unknownRun();
    return run;
  }

  /** Pauses, resumes or cancels a run, from the next executions on. */
  @Patch(':id')
  @ApiOkResponse({ type: RunAnswer })
  @Unknown()
  @ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'The run has ended' })
  async change(
    @Param() { id }: RunParams,
    @Body() { state, actor, reason }: ChangeRunBody,
    @Ip() ip: string,
  ): Promise<unknown> {
    const changed = await this.runs.change(id, state, { actor, reason, ip });
    if (changed.outcome === 'not_found') throw unknownRun();
    if (changed.outcome === 'conflict')
      throw new BusError({
        code: 'conflict',
        message: `the replay run is ${changed.run.state}; start another`,
      });
    return changed.run;
  }
}

function unknownRun(): BusError {
  return new BusError({ code: 'not_found', message: 'there is no replay run of this id' });
}
