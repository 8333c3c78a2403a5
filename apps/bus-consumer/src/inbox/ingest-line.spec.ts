import { IngestLine, togetherFromFront, type LineEntry } from './ingest-line';

interface Entry extends LineEntry {
  name: string;
}

describe(IngestLine, () => {
  const groups: string[][] = [];
  let ends: (() => void)[] = [];
  let fault: Error | null = null;
  let line: IngestLine<Entry, string>;
  beforeEach(() => {
    groups.length = 0;
    ends = [];
    fault = null;
    line = new IngestLine(async (entries) => {
      groups.push(entries.map(({ name }) => name));
      await new Promise<void>((go) => ends.push(go));
      if (fault) throw fault;
      return entries.map(({ name }) =>
        name === 'bad'
          ? { status: 'rejected', reason: new Error('bad') }
          : { status: 'fulfilled', value: `${name} done` },
      );
    });
  });

  let partition = 0;
  const entry = (name: string, over: Partial<Entry> = {}): Entry => ({
    ...{ name, size: 1, alone: false, logId: 'log', partition: partition++ },
    ...over,
  });
  const add = (...entries: Entry[]) => entries.map((one) => line.add(one));
  const endOne = () => ends.shift()?.();
  const settled = () => new Promise((go) => setImmediate(go));

  it('begins at once while fewer than two are under way, and takes all that piled up meanwhile together', async () => {
    const results = add(entry('a'), entry('b'), entry('c'), entry('d'), entry('e'));
    expect(groups).toEqual([['a'], ['b']]);
    endOne();
    await settled();
    expect(groups).toEqual([['a'], ['b'], ['c', 'd', 'e']]);
    endOne();
    endOne();
    expect(await Promise.all(results)).toEqual(['a done', 'b done', 'c done', 'd done', 'e done']);
  });

  it('keeps to 500 events, in the order in which they came', async () => {
    add(
      entry('a'),
      entry('b'),
      entry('c', { size: 300 }),
      entry('d', { size: 201 }),
      entry('e', { size: 10 }),
    );
    endOne();
    await settled();
    endOne();
    await settled();
    expect(groups.slice(2)).toEqual([['c'], ['d', 'e']]);
  });

  it('takes one of more than 500 events all the same', async () => {
    add(entry('a'), entry('b'), entry('c', { size: 501 }));
    endOne();
    await settled();
    expect(groups[2]).toEqual(['c']);
  });

  it.each([
    ['in front', ['c', 'd']],
    ['behind', ['d', 'c']],
  ])('gives one that must be alone a transaction of its own, %s', async (_, names) => {
    add(entry('a'), entry('b'), ...names.map((name) => entry(name, { alone: name === 'c' })));
    endOne();
    endOne();
    await settled();
    expect(groups.slice(2)).toEqual(names.map((name) => [name]));
  });

  it('tells each its own failure', async () => {
    const [, , bad, good] = add(entry('a'), entry('b'), entry('bad'), entry('good'));
    endOne();
    await settled();
    endOne();
    endOne();
    await expect(bad).rejects.toThrow('bad');
    await expect(good).resolves.toBe('good done');
  });

  it('tells all of them that their transaction failed, and goes on', async () => {
    const [a, b, c] = add(entry('a'), entry('b'), entry('c'));
    fault = new Error('database away');
    const failed = expect(a).rejects.toThrow('database away');
    endOne();
    await failed;
    fault = null;
    endOne();
    await settled();
    endOne();
    expect(await Promise.all([b, c])).toEqual(['b done', 'c done']);
  });

  it('never takes a partition twice into one transaction, nor two logs', () => {
    const [a, b, c] = [entry('a'), entry('b'), entry('c')];
    expect(togetherFromFront([a, b, { ...c, partition: a.partition }])).toBe(2);
    expect(togetherFromFront([a, { ...b, logId: 'another' }, c])).toBe(1);
    expect(togetherFromFront([a, b, c])).toBe(3);
    expect(togetherFromFront([])).toBe(0);
  });
});
