import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { OperationsFileError } from './operations-file.errors';
import { defaultFiles, readOperations } from './read-operations';

describe(readOperations, () => {
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'operations-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const file = (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const shown = (name: string) => relative(process.cwd(), join(folder, name));
  const faultsOf = (...files: string[]) => {
    try {
      readOperations(files, {});
    } catch (error) {
      return (error as OperationsFileError).faults.map(({ at, message }) => `${at}: ${message}`);
    }
    return [];
  };

  it('makes one map of all files', () => {
    const files = [
      file('one.yaml', 'a.run: { eventType: x, endpoint: tcp://h:1 }'),
      file('two.yaml', 'b.run: { eventType: x, endpoint: tcp://h:2, retry: { maxAttempts: 3 } }'),
    ];

    expect(readOperations(files, {}).operations).toEqual({
      'a.run': { eventType: 'x', endpoint: 'tcp://h:1' },
      'b.run': { eventType: 'x', endpoint: 'tcp://h:2', retry: { maxAttempts: 3 } },
    });
  });

  it('names file and line of every fault of every file at once', () => {
    const one = file(
      'one.yaml',
      'a.run:\n  eventType: x\n  endpoint: tcp://h:1\n  timeout: 5\n  timeoutMs: 0\n',
    );
    const two = file('two.yaml', 'b.run:\n  eventType: x\n');
    const three = file('three.yaml', 'c.run: [');

    expect(faultsOf(one, two, three, join(folder, 'none.yaml'))).toEqual([
      `${shown('none.yaml')}: cannot be read (ENOENT)`,
      expect.stringContaining(`${shown('one.yaml')}:4: a.run: timeout is not a setting here`),
      expect.stringContaining(`${shown('one.yaml')}:5: a.run: timeoutMs must be a whole number`),
      expect.stringContaining(`${shown('two.yaml')}:1: b.run: endpoint is missing`),
      expect.stringContaining(`${shown('three.yaml')}:1: `),
    ]);
  });

  it('refuses an operation that two files name, with both places', () => {
    const one = file('one.yaml', 'a.run: { eventType: x, endpoint: tcp://h:1 }');
    const two = file('two.yaml', '# again\na.run: { eventType: y, endpoint: tcp://h:1 }');

    expect(faultsOf(one, two)).toEqual([
      expect.stringMatching(/two\.yaml:2: a\.run is in .*one\.yaml already/),
    ]);
  });

  it('tells what bus-console found with file and line, and names what no file holds', () => {
    const one = file(
      'one.yaml',
      'a.run:\n  eventType: x\n  endpoint: tcp://h:1\n  dependsOn:\n    - z.run\n',
    );

    expect(
      readOperations([one], {}).locate([
        { path: '/operations/a.run/dependsOn/0', message: 'depends on z.run' },
        { path: '/operations/kept.run/dependsOn', message: 'is a cycle' },
      ]),
    ).toEqual([
      { at: `${shown('one.yaml')}:5`, message: 'a.run: dependsOn depends on z.run' },
      { at: 'kept.run/dependsOn', message: 'is a cycle' },
    ]);
  });
});

describe(defaultFiles, () => {
  it('takes the file of each app that has one, and the demo’s', () => {
    const root = mkdtempSync(join(tmpdir(), 'root-'));
    for (const folder of ['apps/points', 'apps/bus-producer', 'tools/local-bus/demo'])
      mkdirSync(join(root, folder), { recursive: true });
    for (const folder of ['apps/points', 'tools/local-bus/demo'])
      writeFileSync(join(root, folder, 'operations.yaml'), '');

    expect(defaultFiles(root).map((path) => relative(root, path))).toEqual([
      'apps/points/operations.yaml',
      'tools/local-bus/demo/operations.yaml',
    ]);
    rmSync(root, { recursive: true });
  });
});
