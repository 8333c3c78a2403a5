/** docs/architecture.md, "Names and files": the closed list. */
const SUFFIXES = [
  'module',
  'config',
  'http.controller',
  'rpc.controller',
  'handler',
  'repository',
  'schema',
  'scheduler',
  'gauge',
  'guard',
  'filter',
  'decorator',
  'errors',
  'conformance',
  'gen',
];
const KEBAB = '[a-z0-9]+(?:-[a-z0-9]+)*';
const SUFFIX = `(?:\\.(?:${SUFFIXES.map((suffix) => suffix.replace('.', '\\.')).join('|')}))`;
const CODE = new RegExp(`^${KEBAB}${SUFFIX}?\\.ts$`);
/** A spec bears its file's name, and may name a behaviour: `dispatcher.timeouts.spec.ts`. */
const SPEC = new RegExp(`^${KEBAB}${SUFFIX}?(?:\\.${KEBAB})?\\.(?:spec|e2e-spec)\\.ts$`);
/** Drawers fill. "services" are what the bus calls, so the plural is a word of its own. */
const DRAWERS = /^(?:service|managers?|helpers?|utils?|utilities|common|misc)$/;

/** What is wrong with the name of a TypeScript file; `null` if nothing is.
 *  @param path from the root, with `/` */
export function fileNameFault(path: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const words = path.split(/[/.-]/);
  const drawer = words.find((word) => DRAWERS.test(word));
  if (drawer) return `"${drawer}" is a drawer: name it after the work that it does`;
  const unused = unusedWord(path.split(/[/.]/).join('-'));
  if (unused) return `"${unused}" is not a word of the glossary`;
  const pattern = /\.(?:spec|e2e-spec)\.ts$/.test(name) ? SPEC : CODE;
  return pattern.test(name) ? null : 'not kebab-case with a suffix of the closed list';
}

/** docs/glossary.md: words that have a better one here. Several words stand for the two or three in a row. */
const UNUSED = [
  ['job'],
  ['jobs'],
  ['task'],
  ['tasks'],
  ['delivery'],
  ['deliveries'],
  ['notify', 'record'],
  ['handler', 'log'],
  ['topic', 'subscription'],
];

/** The first word of a name that the glossary does not use; `null` if there is none.
 *  @param name in camelCase, PascalCase, kebab-case or SCREAMING_CASE */
export function unusedWord(name: string): string | null {
  const words = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  const found = UNUSED.find((unused) =>
    words.some((_, at) => unused.every((word, offset) => words[at + offset] === word)),
  );
  return found?.join(' ') ?? null;
}

/** The names that a TypeScript file exports by their declaration. */
export function exportedNames(source: string): string[] {
  const declaration =
    /^export (?:declare |abstract |default |async )*(?:class|function\*?|const|let|interface|type|enum) (\w+)/gm;
  return [...source.matchAll(declaration)].map((match) => match[1] as string);
}
