import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { FileFault } from './operations-file.errors';

/** One operations file, read: what it says, and where it says it. */
export interface OperationsDocument {
  /** Shown in faults. */
  file: string;
  /** Operation name → settings, variables of endpoints resolved; otherwise as written, unchecked. */
  operations: Record<string, unknown>;
  faults: FileFault[];
  /** `file:line` of a value, or of the nearest thing around it that is there. @param pointer `/points.grant/timeoutMs` */
  locate(pointer: string): string;
}

/**
 * Reads the text of an operations file (YAML 1.2): a map of operation name to settings.
 * `${NAME}` and `${NAME:-default}` are resolved in endpoints, where an empty variable counts as unset.
 */
export function readDocument(file: string, text: string, env: NodeJS.ProcessEnv): OperationsDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const locate = (pointer: string) => `${file}:${lines.linePos(offsetOf(document, pointer)).line}`;
  const faults: FileFault[] = document.errors.map((error) => ({
    at: `${file}:${error.linePos?.[0].line ?? 1}`,
    message: (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, ''),
  }));
  const nothing = { file, operations: {}, faults, locate };
  if (faults.length > 0 || document.contents === null) return nothing;
  if (!isMap(document.contents)) {
    const message = 'write operations by name, such as points.grant: { eventType: order.paid, … }';
    return { ...nothing, faults: [{ at: `${file}:1`, message }] };
  }
  const operations = document.toJS() as Record<string, unknown>;
  for (const [name, entry] of Object.entries(operations)) {
    const { endpoint } = (entry ?? {}) as { endpoint?: unknown };
    if (typeof endpoint !== 'string') continue;
    const resolved = resolveVariables(endpoint, env);
    (entry as { endpoint: string }).endpoint = resolved.text;
    if (resolved.missing.length > 0)
      faults.push({
        at: locate(`/${name}/endpoint`),
        message: `set ${resolved.missing.join(', ')}, or write a default: \${NAME:-default}`,
      });
  }
  return { file, operations, faults, locate };
}

/** `${NAME}` and `${NAME:-default}`; an empty variable counts as unset. */
export function resolveVariables(text: string, env: NodeJS.ProcessEnv): { text: string; missing: string[] } {
  const missing: string[] = [];
  const resolved = text.replace(
    /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
    (whole, name: string, preset?: string) => {
      const value = env[name] || preset;
      if (value === undefined) missing.push(name);
      return value ?? whole;
    },
  );
  return { text: resolved, missing };
}

/** Where a JSON pointer leads in the text; as far as it leads. */
function offsetOf(document: Document.Parsed, pointer: string): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~');
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === name);
      if (!pair) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(name)];
      offset = startOf(node) ?? offset;
    } else break;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null | undefined)?.range?.[0];
}
