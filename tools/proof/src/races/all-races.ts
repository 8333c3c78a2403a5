import { ACTIVATION_RACES } from './activation-races';
import { CANCEL_RACES } from './cancel-races';
import { CLAIM_RACES } from './claim-races';
import { CLOSE_RACES } from './close-races';
import { INGEST_RACES } from './ingest-races';
import { REPLAY_RACES } from './replay-races';
import type { Race } from './race';

/** Every race that docs/guarantees.md names, under its name there. */
export const ALL_RACES: readonly Race[] = [
  ...INGEST_RACES,
  ...CANCEL_RACES,
  ...CLAIM_RACES,
  ...CLOSE_RACES,
  ...REPLAY_RACES,
  ...ACTIVATION_RACES,
];

/** @throws RangeError naming it */
export function raceNamed(name: string): Race {
  const race = ALL_RACES.find((candidate) => candidate.name === name);
  if (!race) throw new RangeError(`there is no race ${name}`);
  return race;
}
