import { type Fault, type PublishBatchReceipt, type PublishReceipt, RPC } from '@bus/contracts';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload, TcpContext } from '@nestjs/microservices';
import { BrokerEventPublisher } from './broker-event-publisher';

/** The data of a call, as it came. */
type Data = { event?: unknown; events?: unknown } | null | undefined;

@Controller()
export class PublishRpcController {
  constructor(private readonly publisher: BrokerEventPublisher) {}

  @MessagePattern(RPC.publish)
  publish(@Payload() data: Data): Promise<PublishReceipt> {
    return this.publisher.publish(data?.event, { entry: 'rpc' });
  }

  @MessagePattern(RPC.publishBatch)
  publishBatch(@Payload() data: Data, @Ctx() context: TcpContext): Promise<PublishBatchReceipt> {
    const textFaults = context.getArgByIndex(2) as readonly Fault[] | undefined;
    return this.publisher.publishBatch({ events: data?.events }, { entry: 'rpc', textFaults });
  }
}
