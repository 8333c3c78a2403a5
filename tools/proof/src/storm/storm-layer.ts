import { join } from 'node:path';
import type { Layer, Tier } from '../layer';
import { runStormPart, type StormPlan } from './storm-part';

type Size = Pick<StormPlan, 'executions' | 'ratePerSecond' | 'calmMs' | 'outageMs' | 'drainWithinMs'>;

const FULL: Size = {
  executions: 50_000,
  ratePerSecond: 250, // what two cores drain without being busy all the time: else they, not the storm, are what others feel
  calmMs: 15_000,
  outageMs: 30_000,
  drainWithinMs: 480_000,
};
const SIZE: Record<Tier, Size> = {
  quick: { executions: 4_000, ratePerSecond: 400, calmMs: 6_000, outageMs: 10_000, drainWithinMs: 90_000 },
  full: FULL,
  release: FULL,
};

/** R6 of docs/guarantees.md. */
export const stormLayer: Layer = {
  name: 'storm',
  title: 'what an outage left waiting comes at its rate, and hurts no other operation',
  async run(context) {
    const part = 'outage';
    const known = context.done.get(part);
    if (known) return [known];
    const plan = {
      ...SIZE[context.tier],
      part,
      broker: context.broker ?? 'postgres',
      repeat: `npm run proof -- ${context.tier} --only storm`,
    } satisfies StormPlan;
    const result = await runStormPart(plan, { ...context, workDir: join(context.workDir, 'parts') });
    context.keep(part, result);
    return [result];
  },
};
