import { createServer } from 'node:net';

/** Below the range from which systems take the ports of outgoing connections: while an app is down, no connection of
 *  another one may get its port. */
const FIRST = 20_000;
const COUNT = 12_000;
let next = (process.pid * 97) % COUNT;

/** A port on 127.0.0.1 that nothing listens on; no other call of this process gets the same.
 *  @throws Error where none is left */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried += 1) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    if (await isFree(port)) return port;
  }
  throw new Error(`every port from ${FIRST} to ${FIRST + COUNT - 1} is taken`);
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await new Promise<void>((done, fail) => probe.once('error', fail).listen(port, '127.0.0.1', done));
    await new Promise((done) => probe.close(done));
    return true;
  } catch {
    return false;
  }
}
