import type { Stage } from '../stage/stage';
import type { History } from './history';

/** Apps that ended though nobody had ended them: an outage of others is no reason. */
export function watchExits(stage: Stage, history: History): string[] {
  const exits: string[] = [];
  for (const one of stage.processes)
    one.onEnd = ({ code, signal }) => {
      history.fault(`${one.name} ended: ${signal ?? `code ${code}`}`);
      if (code !== null && code !== 0) exits.push(`${one.name} ended by itself with code ${code}`);
    };
  return exits;
}
