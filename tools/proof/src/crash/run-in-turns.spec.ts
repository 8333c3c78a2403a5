import { runInTurns } from './run-in-turns';

describe(runInTurns, () => {
  /** Runs until told; notes what runs at the same time. */
  function controlled() {
    const running = new Map<string, (error?: Error) => void>();
    const started: string[] = [];
    const run = (item: string) =>
      new Promise<void>((done, fail) => {
        started.push(item);
        running.set(item, (error) => {
          running.delete(item);
          if (error) fail(error);
          else done();
        });
      });
    const end = async (item: string, error?: Error) => {
      running.get(item)?.(error);
      await new Promise((done) => setImmediate(done));
    };
    return { started, run, end };
  }
  const turnOf = (item: string) => (item.startsWith('sweep') ? 'sweep' : null);

  it('runs so many at once, and passes over those whose turn is taken', async () => {
    const { started, run, end } = controlled();
    const all = runInTurns(['sweep 1', 'sweep 2', 'a', 'b'], { atOnce: 2, turnOf, run });
    expect(started).toEqual(['sweep 1', 'a']);
    await end('a');
    expect(started).toEqual(['sweep 1', 'a', 'b']);
    await end('sweep 1');
    expect(started).toEqual(['sweep 1', 'a', 'b', 'sweep 2']);
    await end('sweep 2');
    await end('b');
    await all;
  });

  it('begins nothing after a failure, and waits for what runs', async () => {
    const { started, run, end } = controlled();
    const all = runInTurns(['a', 'b', 'c'], { atOnce: 2, turnOf, run });
    const failed = expect(all).rejects.toThrow('a is over');
    await end('a', new Error('a is over'));
    expect(started).toEqual(['a', 'b']);
    await end('b');
    await failed;
    expect(started).toEqual(['a', 'b']);
  });

  it('resolves with nothing to run', async () => {
    await runInTurns([], { atOnce: 2, turnOf, run: () => Promise.reject(new Error('nothing')) });
  });
});
