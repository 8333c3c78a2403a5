import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { hashOfSources } from './build-apps';

describe(hashOfSources, () => {
  let root: string;
  function write(file: string, text: string): void {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sources-'));
    for (const shared of ['package-lock.json', 'tsconfig.base.json', 'rolldown.config.mjs', 'nx.json'])
      write(shared, '');
    write('apps/points/src/main.ts', 'one');
    write('libs/bus-contracts/src/index.ts', 'one');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it.each([
    'apps/points/src/main.ts',
    'libs/bus-contracts/src/index.ts',
    'libs/bus-contracts/src/new.ts',
    'nx.json',
  ])('changes with %s', (file) => {
    const before = hashOfSources(root);
    write(file, 'two');
    expect(hashOfSources(root)).not.toBe(before);
  });

  it('stays when only a spec or a readme changes', () => {
    const before = hashOfSources(root);
    write('apps/points/src/main.spec.ts', 'two');
    write('apps/points/README.md', 'two');
    expect(hashOfSources(root)).toBe(before);
  });
});
