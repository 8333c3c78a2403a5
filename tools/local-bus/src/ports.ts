import { createServer } from 'node:net';
import { portVariable, type LocalApp } from './apps';

export interface NeededPort {
  port: number;
  /** Who listens there. */
  owner: string;
  /** The variable that moves it. */
  variable: string;
}

/** Every port that the apps listen on. */
export function portsOf(apps: readonly LocalApp[]): NeededPort[] {
  return apps.flatMap((app) => [
    { port: app.httpPort, owner: `${app.name}, HTTP`, variable: portVariable(app.name, 'HTTP') },
    ...(app.rpcPort
      ? [{ port: app.rpcPort, owner: `${app.name}, RPC`, variable: portVariable(app.name, 'RPC') }]
      : []),
  ]);
}

/** @throws Error naming every port that something else listens on, whose it is to be, and how to move it */
export async function requireFree(needed: readonly NeededPort[]): Promise<void> {
  const free = await Promise.all(needed.map(({ port }) => isFree(port)));
  const taken = needed.filter((_, index) => !free[index]);
  if (taken.length === 0) return;
  const lines = taken.map(
    ({ port, owner, variable }) =>
      `  ${port} (${owner}): stop what listens there, or move it: ${variable}=${port + 1000} npm start`,
  );
  throw new Error(`Taken by another process:\n${lines.join('\n')}`);
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
