import type { Tree } from '@nx/devkit';
import { nameOf } from './names';

const CONTRACTS = 'libs/bus-contracts/src';
const EVENT_MAP = `${CONTRACTS}/event-map.ts`;

/** Event type → name of its schema, as event-map.ts has them.
 *  @throws Error if event-map.ts no longer reads as this expects */
export function knownEvents(tree: Tree): Record<string, string> {
  const [, entries] =
    /EVENT_SCHEMAS = \{\n([^}]*)\} as const;/.exec(tree.read(EVENT_MAP, 'utf8') ?? '') ?? [];
  if (entries === undefined) {
    throw new Error(
      `${EVENT_MAP} has no "EVENT_SCHEMAS = { … } as const;"; the generator looks for it there.`,
    );
  }
  const found = entries.matchAll(/^ {2}'([^']+)': (\w+),$/gm);
  return Object.fromEntries([...found].map(([, type, schema]) => [type, schema]));
}

/** Why a new type cannot be named in the contracts; `null` if it can. */
export function identifierFault(tree: Tree, event: string): string | null {
  const schema = nameOf(event).camel;
  const other = Object.entries(knownEvents(tree)).find(([, known]) => known === schema);
  return other ? `The event type "${event}" would share ${schema} with "${other[0]}"; choose another.` : null;
}

/**
 * Adds a type that is not known: its schema to `events/<thing>-events.ts`, its entry to event-map.ts. The schema has
 * the thing's id alone, to be completed.
 * @returns the file of the schema; `null` where the type is known, and nothing is written
 */
export function addEventType(tree: Tree, event: string): string | null {
  if (event in knownEvents(tree)) return null;
  const schema = nameOf(event).camel;
  const module = `events/${nameOf(thingOf(event)).kebab}-events`;
  const file = `${CONTRACTS}/${module}.ts`;
  const before = tree.read(file, 'utf8');
  tree.write(file, (before ?? "import { z } from 'zod';\n") + schemaText(event));
  if (before === null) exportFromIndex(tree, module);
  const map = tree.read(EVENT_MAP, 'utf8') as string;
  tree.write(EVENT_MAP, withEntry(withImport(map, schema, `./${module}`), event, schema));
  return file;
}

/** The one field of a new type's payload: `orderId` for `order.refunded`. */
export function idField(event: string): string {
  return `${nameOf(thingOf(event)).camel}Id`;
}

function thingOf(event: string): string {
  return event.slice(0, event.indexOf('.'));
}

function schemaText(event: string): string {
  return `
/** \`${event}\`: say here what happened, and add the fields that it needs. */
export const ${nameOf(event).camel} = z.object({
  ${idField(event)}: z.string().min(1).max(128),
});
`;
}

function withImport(map: string, schema: string, module: string): string {
  const existing = new RegExp(`import \\{ ([^}]*[^},\\s]),? *\\s*\\} from '${module}';`);
  if (existing.test(map)) return map.replace(existing, `import { $1, ${schema} } from '${module}';`);
  const imports = [...map.matchAll(/^import [^;]*;\n/gm)];
  const last = imports.at(-1);
  const end = last ? last.index + last[0].length : 0;
  return `${map.slice(0, end)}import { ${schema} } from '${module}';\n${map.slice(end)}`;
}

function withEntry(map: string, event: string, schema: string): string {
  return map.replace(/(EVENT_SCHEMAS = \{\n[^}]*)(\} as const;)/, `$1  '${event}': ${schema},\n$2`);
}

function exportFromIndex(tree: Tree, module: string): void {
  const path = `${CONTRACTS}/index.ts`;
  const index = tree.read(path, 'utf8') ?? '';
  const events = [...index.matchAll(/^export \* from '\.\/events\/[^']+';\n/gm)].at(-1);
  const end = events ? events.index + events[0].length : index.length;
  tree.write(path, `${index.slice(0, end)}export * from './${module}';\n${index.slice(end)}`);
}
