import {
  EVENT_TYPE_PATTERN,
  LIMITS,
  MESSAGE_ID_PATTERN,
  type PublishBatchReceipt,
  type PublishBatchRequest,
  type PublishReceipt,
  type PublishRequest,
  SOURCE_PATTERN,
} from '@bus/contracts';
import { applyDecorators } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { createZodDto } from 'nestjs-zod';
import { z } from 'zod';
import { AnswersErrors, errorSchema } from '../api/error-answers.decorator';

const time = () => z.string().meta({ format: 'date-time' });

// These describe the API; acceptEvent is what checks. A spec holds the two together.
export const publishRequestSchema = z
  .strictObject({
    messageId: z
      .string()
      .regex(MESSAGE_ID_PATTERN)
      .optional()
      .describe('Unique per source; default: a UUIDv7'),
    source: z.string().regex(SOURCE_PATTERN).optional().describe('URI reference; default: anonymous'),
    type: z.string().regex(EVENT_TYPE_PATTERN),
    key: z
      .string()
      .min(1)
      .max(LIMITS.keyBytes)
      .optional()
      .describe('Partitions and orders; at most 256 bytes'),
    payload: z
      .unknown()
      .describe('Any JSON of at most 256 KB, 32 levels and 5,000 keys; known types have a schema'),
    delayMs: z.int().min(0).max(LIMITS.delayMs).optional().describe('Whole milliseconds from now'),
    deliverAt: time().optional().describe('RFC 3339, at most 366 days ahead; not with delayMs'),
  })
  .required({ type: true, payload: true })
  .meta({
    example: {
      messageId: 'order-1001-paid',
      source: 'payments',
      type: 'order.paid',
      key: 'user-7',
      payload: { orderId: '1001', userId: 'user-7', amountCents: 9900 },
    } satisfies PublishRequest<'order.paid'>,
  });

const cloudEventSchema = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().regex(MESSAGE_ID_PATTERN).describe('The message id'),
    source: z.string().regex(SOURCE_PATTERN),
    type: z.string().regex(EVENT_TYPE_PATTERN),
    time: time().optional(),
    datacontenttype: z.string().optional().describe('A JSON media type'),
    partitionkey: z.string().min(1).max(LIMITS.keyBytes).optional().describe('The key'),
    deliverat: time().optional().describe('Not to be started before'),
    traceparent: z.string().optional().describe('W3C Trace Context'),
    data: z.unknown().describe('The payload'),
  })
  .meta({
    example: {
      specversion: '1.0',
      id: 'order-1001-paid',
      source: 'payments',
      type: 'order.paid',
      partitionkey: 'user-7',
      data: { orderId: '1001', userId: 'user-7', amountCents: 9900 },
    },
  });

const receiptSchema = z
  .object({
    messageId: z.string(),
    source: z.string(),
    eventId: z
      .uuid()
      .describe('Of this record; where the message was published before, the first one’s event stays'),
    status: z.literal('accepted'),
  })
  .meta({
    example: {
      messageId: 'order-1001-paid',
      source: 'payments',
      eventId: '019ca945-0a00-7790-9c1c-1f0707070707',
      status: 'accepted',
    } satisfies PublishReceipt,
  });

class PublishRequestDto extends createZodDto(publishRequestSchema) {}
class CloudEventDto extends createZodDto(cloudEventSchema) {}
class PublishReceiptDto extends createZodDto(receiptSchema) {}
class PublishBatchRequestDto extends createZodDto(
  z.object({ events: z.array(publishRequestSchema).max(LIMITS.batchEvents) }).meta({
    example: {
      events: [{ source: 'orders', type: 'order.created', payload: { orderId: '1001', userId: 'user-7' } }],
    } satisfies PublishBatchRequest,
  }),
) {}
class PublishBatchReceiptDto extends createZodDto(
  z
    .object({
      results: z
        .array(z.union([receiptSchema, z.object({ status: z.literal('refused'), error: errorSchema })]))
        .describe('One per event, in the order of the request'),
    })
    .meta({
      example: {
        results: [
          {
            messageId: '019ca945-0a00-7790-9c1c-1f0707070707',
            source: 'orders',
            eventId: '019ca945-0a00-7790-9c1c-1f0707070707',
            status: 'accepted',
          },
        ],
      } satisfies PublishBatchReceipt,
    }),
) {}

export function DocumentsPublish(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'publish',
      summary: 'Publish one event',
      description:
        'Answers once the broker holds the event durably. In binary mode the body is the data, and the attributes are `ce-` headers.',
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { $ref: getSchemaPath(PublishRequestDto) } },
          'application/cloudevents+json': { schema: { $ref: getSchemaPath(CloudEventDto) } },
        },
      },
    }),
    ApiExtraModels(PublishRequestDto, CloudEventDto),
    ApiHeader({ name: 'ce-specversion', required: false, description: '1.0: a CloudEvent in binary mode' }),
    ApiHeader({
      name: 'traceparent',
      required: false,
      description: 'W3C Trace Context, carried to the handlers',
    }),
    ApiResponse({ status: 202, description: 'Accepted', type: PublishReceiptDto }),
    AnswersErrors('invalid', 'too_large', 'unsupported_type', 'unprocessable', 'unavailable'),
  );
}

export function DocumentsPublishBatch(): MethodDecorator {
  return applyDecorators(
    ApiOperation({
      operationId: 'publishBatch',
      summary: 'Publish up to 1,000 events',
      description:
        'One result per event, in order: a refused event hides no other. The body has at most 1 MB.',
    }),
    ApiBody({ type: PublishBatchRequestDto }),
    ApiResponse({ status: 202, description: 'A result for each event', type: PublishBatchReceiptDto }),
    AnswersErrors('invalid', 'too_large', 'unsupported_type', 'unavailable'),
  );
}
