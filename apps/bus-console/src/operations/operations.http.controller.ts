import { BusError, type OperationState } from '@bus/contracts';
import { OperationGraphs } from '@bus/store';
import { Body, Get, HttpCode, Ip, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiResponse } from '@nestjs/swagger';
import { AdminApi } from '../api/admin-api.decorator';
import { ErrorAnswerDto } from '../api/error-answer';
import {
  ActivateAnswer,
  ActivateBody,
  GraphsAnswer,
  HistoryAnswer,
  HistoryQuery,
  OperationParams,
  PlanAnswer,
  PlanBody,
  StateAnswer,
  StateBody,
} from './operation-bodies';
import { OperationChanges } from './operation-changes';

const Unprocessable = () =>
  ApiResponse({ status: 422, type: ErrorAnswerDto, description: 'Faulty operations; every fault is named' });
const Conflict = () =>
  ApiResponse({ status: 409, type: ErrorAnswerDto, description: 'Another change came first; plan again' });
const Unknown = () => ApiResponse({ status: 404, type: ErrorAnswerDto, description: 'No such operation' });

@AdminApi('operations')
export class OperationsController {
  constructor(
    private readonly graphs: OperationGraphs,
    private readonly changes: OperationChanges,
  ) {}

  /** What runs now: active graphs, live settings merged in. */
  @Get()
  @ApiOkResponse({ type: GraphsAnswer })
  async active(): Promise<unknown> {
    const graphs = await this.graphs.active();
    return {
      graphs: graphs.map(({ graphId, eventType, version, operations }) => ({
        graphId,
        eventType,
        version,
        operations,
      })),
    };
  }

  /** Every version as it was activated, newest first, 200 at most. */
  @Get('history')
  @ApiOkResponse({ type: HistoryAnswer })
  async history(@Query() query: HistoryQuery): Promise<unknown> {
    return { graphs: await this.graphs.history(query.eventType) };
  }

  /** What activating these operations would change. */
  @Post('plan')
  @HttpCode(200)
  @ApiOkResponse({ type: PlanAnswer })
  @Unprocessable()
  async plan(@Body() body: PlanBody): Promise<unknown> {
    const plans = await this.changes.plan(body);
    return { graphs: plans.map(({ keepState: _, ...plan }) => plan) };
  }

  /** Activates a plan, all event types or none. */
  @Post('activate')
  @HttpCode(200)
  @ApiOkResponse({ type: ActivateAnswer })
  @Unprocessable()
  @Conflict()
  async activate(@Body() body: ActivateBody, @Ip() ip: string): Promise<unknown> {
    return { graphs: await this.changes.activate(body, { actor: body.actor, reason: body.reason, ip }) };
  }

  /** Claims nothing more; everything is kept. */
  @Post(':name/pause')
  @HttpCode(200)
  @ApiOkResponse({ type: StateAnswer })
  @Unknown()
  pause(@Param() { name }: OperationParams, @Body() body: StateBody, @Ip() ip: string): Promise<unknown> {
    return this.setState(name, 'paused', body, ip);
  }

  @Post(':name/resume')
  @HttpCode(200)
  @ApiOkResponse({ type: StateAnswer })
  @Unknown()
  resume(@Param() { name }: OperationParams, @Body() body: StateBody, @Ip() ip: string): Promise<unknown> {
    return this.setState(name, 'active', body, ip);
  }

  /** New events skip it; what is open is held. */
  @Post(':name/disable')
  @HttpCode(200)
  @ApiOkResponse({ type: StateAnswer })
  @Unknown()
  disable(@Param() { name }: OperationParams, @Body() body: StateBody, @Ip() ip: string): Promise<unknown> {
    return this.setState(name, 'disabled', body, ip);
  }

  private async setState(
    name: string,
    state: OperationState,
    author: StateBody,
    ip: string,
  ): Promise<unknown> {
    const known = await this.graphs.setState(name, state, author.actor, { reason: author.reason, ip });
    if (!known) throw new BusError({ code: 'not_found', message: 'there is no operation of this name' });
    return { operation: name, state };
  }
}
