/** Does `work` for 0 to `count` − 1, always so many at once until none is left. @throws what one of them throws */
export async function atOnce(
  most: number,
  count: number,
  work: (n: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(most, count) }, worker));
}
