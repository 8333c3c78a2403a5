import { parseOptions } from './options';

describe(parseOptions, () => {
  it('tells the demo and stays up by default', () => {
    expect(parseOptions([])).toEqual({ demo: true, exitAfterDemo: false, verbose: false, help: false });
  });

  it('takes several flags together', () => {
    expect(parseOptions(['--no-demo', '--verbose'])).toMatchObject({ demo: false, verbose: true });
  });

  it('names every flag that it does not know, with the usage', () => {
    expect(() => parseOptions(['--nodemo', '--fast'])).toThrow(/Not known: --nodemo --fast\nnpm start/);
  });
});
