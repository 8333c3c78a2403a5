import type { Layer, LayerContext, PartResult, Violation } from '../layer';
import { racePlants } from '../races/plants';
import { withServer } from '../races/with-server';
import { runPlant, simulationPlants } from '../simulation/plants/simulation-plants';
import { UnplantedParts } from '../simulation/plants/unplanted-parts';
import { runSeed } from '../simulation/run-seed';

/** A plant that shows in none of so many seeds is one that the checker cannot see. */
const MOST_SEEDS = 400;

interface Sown {
  name: string;
  guarantee: string;
  breaks: string;
  /** @returns what gave the alarm, and how to see it again */
  run(): Promise<{ caught: boolean; by: string; repeat: string }>;
}

/** T5: the proof's own proof. A bug is put in, and the alarm has to ring; without it, on the same seed, it must not. */
export const plantsLayer: Layer = {
  name: 'plants',
  title: 'bugs put in one at a time: each has to be caught, and without it there must be no alarm',
  async run(context: LayerContext): Promise<PartResult[]> {
    const known = context.done.get('plants');
    if (known) return [known];
    const startedMs = performance.now();
    const sown: Sown[] = [
      ...simulationPlants.map((plant) => inSimulation(plant, context.seed)),
      ...racePlants.map(inRaces),
    ];
    const violations: Violation[] = [];
    const notes: string[] = [];
    let caught = 0;
    await withServer(context.workDir, async () => {
      for (const plant of sown) {
        context.signal.throwIfAborted();
        const outcome = await plant.run();
        if (outcome.caught) caught++;
        else violations.push({ rule: 'T5', detail: `${plant.name}: ${outcome.by}`, repeat: outcome.repeat });
        notes.push(`${plant.name} (${plant.guarantee}): ${outcome.by}`);
        context.progress(
          `${notes.length} of ${sown.length}: ${plant.name}, ${outcome.caught ? 'caught' : 'NOT CAUGHT'}`,
        );
      }
    });
    const result: PartResult = {
      part: 'plants',
      durationMs: Math.round(performance.now() - startedMs),
      counts: { plants: sown.length, caught },
      violations,
      notes,
    };
    context.keep('plants', result);
    return [result];
  },
};

function inSimulation(plant: (typeof simulationPlants)[number], seed: number): Sown {
  return {
    ...plant,
    async run() {
      const planted = await runPlant(plant, seed, MOST_SEEDS);
      const repeat = `npm run proof -- quick --only plants --seed ${seed}`;
      if (!planted.caught) return { caught: false, by: `not caught in ${MOST_SEEDS} seeds`, repeat };
      const control = await runSeed(planted.seed, { parts: (world) => new UnplantedParts(plant, world) });
      if (control.violations.length > 0)
        return { caught: false, by: `seed ${planted.seed} gives an alarm without it, too`, repeat };
      const [first] = planted.violations;
      return { caught: true, by: `caught by ${first.rule} at seed ${planted.seed}: ${first.detail}`, repeat };
    },
  };
}

function inRaces(plant: (typeof racePlants)[number]): Sown {
  return {
    ...plant,
    async run() {
      const { caught, violations } = await plant.run();
      const by = caught ? `caught by a race: ${violations[0].detail}` : 'not caught by its race';
      return { caught, by, repeat: `npm run proof -- quick --only plants` };
    },
  };
}
