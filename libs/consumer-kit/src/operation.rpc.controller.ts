import { RPC, type OperationReply, type ServiceDescription } from '@bus/contracts';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { OperationRegistry } from './operation-registry';
import { OperationRunner } from './operation-runner';

/** The contract over Nest TCP. */
@Controller()
export class OperationRpcController {
  constructor(
    private readonly runner: OperationRunner,
    private readonly registry: OperationRegistry,
  ) {}

  @MessagePattern(RPC.execute)
  execute(@Payload() data: unknown): Promise<OperationReply> {
    return this.runner.run(data);
  }

  @MessagePattern(RPC.describe)
  describe(): ServiceDescription {
    return this.registry.describe();
  }
}
