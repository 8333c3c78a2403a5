import { readDocument, resolveVariables } from './operations-document';

const read = (text: string, env: NodeJS.ProcessEnv = {}) => readDocument('a.yaml', text, env);

describe(readDocument, () => {
  it('resolves variables in endpoints, with their defaults', () => {
    const { operations, faults } = read(
      "a.run: { eventType: x, endpoint: 'tcp://${HOST:-127.0.0.1}:${PORT:-1}', filter: '${HOST}' }",
      { PORT: '4101' },
    );

    expect(faults).toEqual([]);
    expect(operations).toEqual({
      'a.run': { eventType: 'x', endpoint: 'tcp://127.0.0.1:4101', filter: '${HOST}' },
    });
  });

  it('names file, line and variable where one is not set', () => {
    const text = "a.run:\n  eventType: x\nb.run:\n  eventType: x\n  endpoint: 'tcp://${HOST}:1'\n";

    expect(read(text).faults).toEqual([
      { at: 'a.yaml:5', message: 'set HOST, or write a default: ${NAME:-default}' },
    ]);
  });

  it('names file and line of broken YAML and of an operation given twice', () => {
    expect(read('a.run: [').faults[0]?.at).toBe('a.yaml:1');
    expect(read('a.run: { eventType: x }\na.run: { eventType: y }\n').faults).toEqual([
      { at: 'a.yaml:2', message: 'Map keys must be unique' },
    ]);
  });

  it('says what to write where a file is a list, and takes an empty one', () => {
    expect(read('- a').faults[0]?.message).toContain('write operations by name');
    expect(read('# nothing yet\n')).toMatchObject({ operations: {}, faults: [] });
  });

  it('finds the line of a value, and of what is around a missing one', () => {
    const { locate } = read(
      'a.run:\n  eventType: x\n  retry:\n    backoffMs: 1\n  dependsOn:\n    - b.run\n    - c.run\nb.run: null\n',
    );

    expect(locate('/a.run/retry/backoffMs')).toBe('a.yaml:4');
    expect(locate('/a.run/dependsOn/1')).toBe('a.yaml:7');
    expect(locate('/a.run/endpoint')).toBe('a.yaml:1');
    expect(locate('/b.run/endpoint')).toBe('a.yaml:8');
    expect(locate('/z.run')).toBe('a.yaml:1');
  });
});

describe(resolveVariables, () => {
  it('takes an empty variable for unset', () => {
    expect(resolveVariables('${A:-b}', { A: '' })).toEqual({ text: 'b', missing: [] });
  });

  it('keeps what is no variable', () => {
    expect(resolveVariables('$A {A} ${1}', { A: 'x' })).toEqual({ text: '$A {A} ${1}', missing: [] });
  });
});
