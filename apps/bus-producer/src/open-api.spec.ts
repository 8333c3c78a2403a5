import { LIMITS } from '@bus/contracts';
import { acceptEvent } from '@bus/domain';
import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import supertest from 'supertest';
import { publishRequestSchema } from './publish/publish-documents.decorator';
import { type RunningProducer, startProducer } from './testing/start-producer';
import { openApiDocument } from './open-api';
import { unansweringControl } from './testing/unanswering-control';

const CONTEXT = { nowMs: Date.parse('2026-03-01T12:00:00Z'), random: new Uint8Array(16) };

describe(openApiDocument.name, () => {
  let producer: RunningProducer;
  let document: OpenAPIObject;

  beforeAll(async () => {
    producer = await startProducer({ module: unansweringControl() });
    document = (await supertest(producer.url).get('/docs-json').expect(200)).body as OpenAPIObject;
  });
  afterAll(() => producer.stop());

  it('serves a page beside the document', async () => {
    const page = await supertest(producer.url).get('/docs').expect(200);
    expect(page.text).toContain('swagger-ui');
  });

  it('tells every route of the API and no other', () => {
    const routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method} ${path}`),
    );
    expect(routes.sort()).toEqual([
      'delete /v1/events/{source}/{messageId}',
      'get /v1/events/{source}/{messageId}',
      'patch /v1/events/{source}/{messageId}',
      'post /v1/events',
      'post /v1/events/batch',
    ]);
  });

  it('shows bodies, answers and errors with schemas, and an example of each request', () => {
    const { schemas = {} } = document.components ?? {};
    for (const [path, item] of Object.entries(document.paths)) {
      for (const operation of Object.values(item) as { requestBody?: unknown; responses: object }[]) {
        const text = JSON.stringify([operation.requestBody, operation.responses]);
        const names = [...text.matchAll(/schemas\/(\w+)/g)].map(([, name]) => name);
        expect({ path, missing: names.filter((name) => !(name in schemas)) }).toEqual({ path, missing: [] });
        expect(names).toContain('ErrorAnswerDto');
      }
    }
    const examples = Object.entries(schemas).filter(([, schema]) => 'example' in schema);
    expect(examples.map(([name]) => name).sort()).toEqual(
      expect.arrayContaining([
        'CloudEventDto',
        'PublishBatchRequestDto',
        'PublishRequestDto',
        'RescheduleRequestDto',
      ]),
    );
    expect(Object.keys(document.paths['/v1/events']?.post?.requestBody ?? {})).toContain('content');
  });

  it('has examples that the API takes', async () => {
    const { PublishRequestDto, CloudEventDto } = document.components?.schemas as Record<
      string,
      { example: object }
    >;
    const post = () => supertest(producer.url).post('/v1/events');
    await post().send(PublishRequestDto.example).expect(202);
    await post()
      .set('content-type', 'application/cloudevents+json')
      .send(JSON.stringify(CloudEventDto.example))
      .expect(202);
  });

  it('describes every request that is accepted', () => {
    const text = fc.string({
      minLength: 1,
      maxLength: 4,
      unit: fc.constantFrom('a', '-', '1', ' ', 'é', '\0'),
    });
    const request = fc.record(
      {
        messageId: text,
        source: text,
        type: text,
        key: text,
        payload: fc.jsonValue({ maxDepth: 2 }),
        delayMs: fc.constantFrom(0, 1, -1, 1.5, LIMITS.delayMs, LIMITS.delayMs + 1),
        other: fc.constant(1),
      },
      { requiredKeys: ['type'] },
    );
    fc.assert(
      fc.property(request, (event) => {
        const accepted = 'event' in acceptEvent(event, CONTEXT);
        if (accepted) expect(publishRequestSchema.safeParse(event).error).toBeUndefined();
        else if (!event.key?.includes('\0'))
          expect(publishRequestSchema.safeParse(event).success).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
