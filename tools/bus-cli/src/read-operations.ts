import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Fault } from '@bus/contracts';
import { mergeEntries, readOperationEntries, type OperationEntries } from '@bus/domain';
import { readDocument, type OperationsDocument } from './operations-document';
import { OperationsFileError, type FileFault } from './operations-file.errors';

export interface FiledOperations {
  /** Entries of all files in one map, without fault by themselves. */
  operations: OperationEntries;
  /** Faults that bus-console found, each with file and line. @param faults paths below `/operations` */
  locate(faults: readonly Fault[]): FileFault[];
}

/** Each consumer app's own file, and the demo's: what `npm run bus -- operations` takes where none is named. */
export function defaultFiles(root: string): string[] {
  const apps = readdirSync(join(root, 'apps')).map((app) => join(root, 'apps', app, 'operations.yaml'));
  return [...apps, join(root, 'tools/local-bus/demo/operations.yaml')]
    .filter((file) => existsSync(file))
    .sort();
}

/**
 * The operations of all files: variables resolved, names, fields, types and ranges checked. What needs the other
 * operations of an event type (dependencies, cycles) is checked by bus-console.
 * @throws OperationsFileError with every fault of every file
 */
export function readOperations(files: readonly string[], env: NodeJS.ProcessEnv): FiledOperations {
  const faults: FileFault[] = [];
  const documents = files.flatMap((file) => {
    const shown = relative(process.cwd(), file) || file;
    try {
      return [readDocument(shown, readFileSync(file, 'utf8'), env)];
    } catch (error) {
      faults.push({ at: shown, message: `cannot be read (${(error as NodeJS.ErrnoException).code})` });
      return [];
    }
  });
  const read = documents.map((document) => ({ file: document.file, entries: checked(document, faults) }));
  const merged = mergeEntries(read);
  for (const { file, path, message } of merged.faults)
    faults.push({ at: documents.find((document) => document.file === file)?.locate(path) ?? file, message });
  if (faults.length > 0) throw new OperationsFileError(faults);
  return { operations: merged.entries, locate: (found) => found.map((fault) => located(fault, documents)) };
}

function checked(document: OperationsDocument, faults: FileFault[]): OperationEntries {
  faults.push(...document.faults);
  if (document.faults.length > 0) return {};
  const { entries, faults: found } = readOperationEntries(document.operations);
  faults.push(...found.map((fault) => withPlace(fault, document)));
  return entries;
}

function located(fault: Fault, documents: readonly OperationsDocument[]): FileFault {
  const path = fault.path.replace(/^\/operations(?=\/)/, '');
  const name = (path.split('/')[1] ?? '').replaceAll('~1', '/').replaceAll('~0', '~');
  const document = documents.find(({ operations }) => Object.hasOwn(operations, name));
  if (document) return withPlace({ ...fault, path }, document);
  // An operation that no file names: it is active, and stays.
  return { at: path.slice(1) || 'operations', message: fault.message };
}

/** `coupons.issue: timeoutMs must be …` reads better than a pointer, once the line is known. */
function withPlace({ path, message }: Fault, document: OperationsDocument): FileFault {
  const [, name = '', ...setting] = path.split('/');
  const words = setting.filter((token) => !/^\d+$/.test(token)).join('.');
  return { at: document.locate(path), message: `${name}: ${words === '' ? '' : `${words} `}${message}` };
}
