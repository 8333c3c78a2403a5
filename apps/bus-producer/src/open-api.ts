import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { cleanupOpenApiDoc } from 'nestjs-zod';
import { VERSION } from './version';

/** The OpenAPI document of the routes under /v1. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Omnibus: publish and control events')
    .setDescription(
      'The same calls are there over Nest TCP; a publish answers once the broker holds the event.',
    )
    .setVersion(VERSION)
    .setLicense('Apache-2.0', 'https://www.apache.org/licenses/LICENSE-2.0')
    .addTag('publish', 'Needs the broker alone')
    .addTag('control', 'Needs the store');
  const document = SwaggerModule.createDocument(app, builder.build(), { ignoreGlobalPrefix: false });
  const paths = Object.entries(document.paths).filter(([path]) => path.startsWith('/v1/'));
  return cleanupOpenApiDoc({ ...document, paths: Object.fromEntries(paths) });
}

/** Serves the page at /docs and the document at /docs-json. */
export function serveOpenApi(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
  });
}
