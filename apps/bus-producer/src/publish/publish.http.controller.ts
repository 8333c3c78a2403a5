import type { PublishBatchReceipt, PublishReceipt } from '@bus/contracts';
import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { BrokerEventPublisher } from './broker-event-publisher';
import { DocumentsPublish, DocumentsPublishBatch } from './publish-documents.decorator';
import { type HttpBody, readBatch, readEvent } from './read-request';

@ApiTags('publish')
@Controller('v1/events')
export class PublishHttpController {
  constructor(private readonly publisher: BrokerEventPublisher) {}

  @Post()
  @HttpCode(202)
  @DocumentsPublish()
  publish(@Req() request: HttpBody): Promise<PublishReceipt> {
    const read = readEvent(request);
    if ('cloudEvent' in read) return this.publisher.publishCloudEvent(read.cloudEvent, { entry: 'http' });
    return this.publisher.publish(read.event, { entry: 'http', textFaults: read.textFaults });
  }

  @Post('batch')
  @HttpCode(202)
  @DocumentsPublishBatch()
  publishBatch(@Req() request: HttpBody): Promise<PublishBatchReceipt> {
    const { batch, textFaults } = readBatch(request);
    return this.publisher.publishBatch(batch, { entry: 'http', textFaults });
  }
}
