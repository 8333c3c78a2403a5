import type { OperationReply, ServiceDescription } from '@bus/contracts';
import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { OperationRegistry } from './operation-registry';
import { OperationRunner } from './operation-runner';

/** The contract over HTTP: the same JSON, for an endpoint `http://host:port/operations/execute`. */
@Controller('operations')
export class OperationHttpController {
  constructor(
    private readonly runner: OperationRunner,
    private readonly registry: OperationRegistry,
  ) {}

  @Post('execute')
  @HttpCode(200)
  execute(@Body() data: unknown): Promise<OperationReply> {
    return this.runner.run(data);
  }

  @Get('describe')
  describe(): ServiceDescription {
    return this.registry.describe();
  }
}
