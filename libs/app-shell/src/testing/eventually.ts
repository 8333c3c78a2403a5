/** Long enough for a busy machine; only a test that fails waits for it. */
const DEADLINE_MS = 10_000;

/** The promise's value; fails where it is not there in time. @param what for the error, such as `the reply` */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${DEADLINE_MS} ms`)), DEADLINE_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Resolves once `holds` does; looks again after every turn of the event loop. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`${what}: not within ${DEADLINE_MS} ms`);
    await new Promise((next) => setImmediate(next));
  }
}

/** A promise and what settles it, for handlers that wait for the test. */
export function gate<T = void>(): { passed: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => undefined;
  const passed = new Promise<T>((resolve) => (open = resolve));
  return { passed, open: (value) => open(value) };
}
