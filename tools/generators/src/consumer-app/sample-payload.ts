import { EVENT_SCHEMAS, type KnownEventType } from '@bus/contracts';
import { z } from 'zod';
import { idField } from './event-types';

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  enum?: unknown[];
  minimum?: number;
}

/** A payload for the spec's request: of the required fields of a known type, the thing's id of a new one. */
export function samplePayload(event: string): unknown {
  const schema = EVENT_SCHEMAS[event as KnownEventType] as z.ZodType | undefined;
  if (!schema) return { [idField(event)]: '1001' };
  return sampleOf(z.toJSONSchema(schema, { unrepresentable: 'any' }) as JsonSchema, event);
}

/** `null` for what only a person can make up: the spec then fails and shows it. */
function sampleOf(schema: JsonSchema, name: string): unknown {
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((field) => [field, sampleOf(schema.properties?.[field] ?? {}, field)]),
      );
    case 'string':
      return `${name}-1`;
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, 100);
    case 'boolean':
      return true;
    case 'array':
      return [];
    default:
      return null;
  }
}
