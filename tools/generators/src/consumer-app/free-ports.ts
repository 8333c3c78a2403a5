import type { Tree } from '@nx/devkit';
import { projectFiles } from './project-files';

export interface Ports {
  http: number;
  rpc: number;
}

/** The first pair; each app has ten numbers for itself. */
const FIRST: Ports = { rpc: 4101, http: 4102 };
const STEP = 10;

/** The next pair after those of the other apps. A port may be in use by something else on a machine:
 *  `<APP>_RPC_PORT` moves it there. */
export function freePorts(tree: Tree): Ports {
  const taken = new Set(projectFiles(tree).flatMap(({ metadata }) => Object.values(metadata?.ports ?? {})));
  const ports = { ...FIRST };
  while (taken.has(ports.rpc) || taken.has(ports.http)) {
    ports.rpc += STEP;
    ports.http += STEP;
  }
  return ports;
}
