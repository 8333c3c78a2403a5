import {
  BusError,
  type CancelAnswer,
  type EventReference,
  type EventStatus,
  type RescheduleAnswer,
} from '@bus/contracts';
import { acceptReference } from '@bus/domain';
import { Controller, Delete, Get, Param, Patch, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type HttpBody, readBody } from '../publish/read-request';
import { DocumentsCancel, DocumentsGetEvent, DocumentsReschedule } from './control-documents.decorator';
import { StoreEventControl } from './store-event-control';

@ApiTags('control')
@Controller('v1/events/:source/:messageId')
export class ControlHttpController {
  constructor(private readonly control: StoreEventControl) {}

  @Delete()
  @DocumentsCancel()
  cancel(@Param() path: EventReference): Promise<CancelAnswer> {
    return this.control.cancel(inPath(path));
  }

  @Patch()
  @DocumentsReschedule()
  reschedule(@Param() path: EventReference, @Req() request: HttpBody): Promise<RescheduleAnswer> {
    return this.control.reschedule(inPath(path), readBody(request));
  }

  @Get()
  @DocumentsGetEvent()
  getEvent(@Param() path: EventReference): Promise<EventStatus> {
    return this.control.findEvent(inPath(path));
  }
}

/** @throws BusError `not_found`: no event can have such a name */
function inPath(path: unknown): EventReference {
  const accepted = acceptReference(path);
  if ('event' in accepted) return accepted.event;
  const message = 'No event has such a source and message id.';
  throw new BusError({ code: 'not_found', message, faults: accepted.faults, logLevel: 'debug' });
}
