import { type CancelAnswer, type EventStatus, RPC, type RescheduleAnswer } from '@bus/contracts';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { StoreEventControl } from './store-event-control';

/** The data of a call, as it came: `event` is `{ source, messageId }`. */
type Data = { event?: unknown; deliverAt?: unknown } | null | undefined;

@Controller()
export class ControlRpcController {
  constructor(private readonly control: StoreEventControl) {}

  @MessagePattern(RPC.cancel)
  cancel(@Payload() data: Data): Promise<CancelAnswer> {
    return this.control.cancel(data?.event);
  }

  @MessagePattern(RPC.reschedule)
  reschedule(@Payload() data: Data): Promise<RescheduleAnswer> {
    return this.control.reschedule(data?.event, { deliverAt: data?.deliverAt });
  }

  /** An event that the bus has never seen is an error `not_found`, as over HTTP. */
  @MessagePattern(RPC.getEvent)
  getEvent(@Payload() data: Data): Promise<EventStatus> {
    return this.control.findEvent(data?.event);
  }
}
