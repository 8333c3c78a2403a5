import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { cleanupOpenApiDoc } from 'nestjs-zod';

/** `/docs` for people, `/docs-json` for generators. */
export function serveOpenApi(app: NestExpressApplication): void {
  const about = new DocumentBuilder()
    .setTitle('Omnibus admin API')
    .setVersion('1')
    .setDescription(
      'Operations, events and executions, and what failed. Lists are newest first; `nextCursor` of a page is the ' +
        '`cursor` of the next. Times are RFC 3339, UTC. Numbers that can pass 2⁵³ are texts.',
    )
    .build();
  // Made at once: a document that cannot be made fails the start, not the first reader.
  SwaggerModule.setup('docs', app, cleanupOpenApiDoc(SwaggerModule.createDocument(app, about)));
}
