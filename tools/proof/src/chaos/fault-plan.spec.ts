import { SeededRandom } from '../random';
import { LINK_FAULTS, SERVICE_FAULTS, planFaults, type FaultCounts } from './fault-plan';

const COUNTS: FaultCounts = {
  kill: 20,
  stop: 6,
  term: 3,
  link: 7,
  service: 7,
  postgres: 3,
  kafka: 3,
  terminated: 2,
  usedUp: 1,
};

describe(planFaults, () => {
  it('plans the same for the same seed, and something else for another', () => {
    const plan = (seed: number) => planFaults(new SeededRandom(seed), 'kafka', COUNTS, 60_000);
    expect(plan(1)).toEqual(plan(1));
    expect(plan(1)).not.toEqual(plan(2));
  });

  it('plans as many of each kind as asked for, spread over the whole span', () => {
    const plan = planFaults(new SeededRandom(3), 'kafka', COUNTS, 60_000);
    const of = (start: string) => plan.filter(({ kind }) => kind.startsWith(start)).length;
    expect(of('kill')).toBe(20);
    expect(of('kafka.')).toBe(3);
    expect(of('postgres.')).toBe(3);
    expect(new Set(plan.map(({ kind }) => kind).filter((kind) => kind.startsWith('link.')))).toEqual(
      new Set(LINK_FAULTS),
    );
    expect(new Set(plan.map(({ kind }) => kind).filter((kind) => kind.startsWith('service.')))).toEqual(
      new Set(SERVICE_FAULTS),
    );
    const times = plan.map(({ atMs }) => atMs);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
    expect(Math.max(...times)).toBeLessThanOrEqual(60_000);
    expect(Math.max(...times)).toBeGreaterThan(55_000);
  });

  it('leaves Kafka alone where there is none', () => {
    const plan = planFaults(new SeededRandom(3), 'postgres', COUNTS, 60_000);
    expect(plan.some(({ kind }) => kind.startsWith('kafka'))).toBe(false);
  });
});
