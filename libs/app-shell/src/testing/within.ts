/** The promise's value; fails by name where it does not come: a deadline for tests, not a measure. */
export async function within<T>(promise: Promise<T>, what: string, limitMs = 15_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in ${limitMs} ms: ${what}`)), limitMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
