export interface Turns<T> {
  atOnce: number;
  /** Items that use one thing run one after another; `null`: it uses nothing of the kind. */
  turnOf(item: T): string | null;
  run(item: T): Promise<void>;
}

/** Runs all items, in their order as far as turns allow. Begins none after one that rejects. @throws what that rejects */
export function runInTurns<T>(items: readonly T[], { atOnce, turnOf, run }: Turns<T>): Promise<void> {
  const queue = [...items];
  const taken = new Set<string>();
  let running = 0;
  let failure: { error: unknown } | null = null;
  return new Promise((done, fail) => {
    const next = () => {
      while (running < atOnce && !failure) {
        const index = queue.findIndex((item) => !taken.has(turnOf(item) ?? ''));
        if (index < 0) break;
        const [item] = queue.splice(index, 1);
        const turn = turnOf(item);
        if (turn !== null) taken.add(turn);
        running += 1;
        run(item)
          .catch((error: unknown) => (failure ??= { error }))
          .finally(() => {
            running -= 1;
            if (turn !== null) taken.delete(turn);
            next();
          });
      }
      if (running > 0) return;
      if (failure) fail(failure.error as Error);
      else done();
    };
    next();
  });
}
