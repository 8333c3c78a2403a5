import { MachineWitness } from './machine-witness';

describe(MachineWitness, () => {
  it('sees that nothing ran for a while, and when', async () => {
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((go) => (ask = go));
    const query = () => {
      ask();
      return Promise.resolve() as never;
    };
    const witness = new MachineWitness({ query });
    await asked;
    const fromMs = Date.now();
    while (Date.now() < fromMs + 250); // nobody else runs
    await witness.stop();
    const [stall] = witness.stalls.slice(-1);
    expect(stall.toMs).toBeGreaterThanOrEqual(fromMs + 250);
  });

  it('says nothing of a store that is away', async () => {
    const witness = new MachineWitness({ query: () => Promise.reject(new Error('away')) as never });
    await witness.stop();
    expect(witness.stalls).toEqual([]);
  });
});
