import { checkDrains } from './check';
import { ASSUMED_COSTS, type Costs } from './costs';
import type { FoundCosts, MeasuredDrain } from './find-costs';

/** 2 s of CPU per 10,000 events, and 0.1 s more for each replica beyond the first. */
const COSTS: Costs = {
  ...ASSUMED_COSTS,
  producerPer10k: 0,
  consumerPer10k: 1,
  servicePer10k: 0.5,
  postgresPer10k: 0.4,
  brokerPer10k: 0.1,
  secondsPerStatement: 0.001,
  statementsPer10k: 100,
};

function found(eventsPerSecond: readonly number[], costs = COSTS): FoundCosts {
  const drains = eventsPerSecond.map((rate, at): MeasuredDrain => ({
    replicas: at + 1,
    eventsPerSecond: rate,
    cpuPer10k: 2,
  }));
  return { costs, drainCosts: costs, drains, cores: 2, assumed: [] };
}

describe(checkDrains, () => {
  it('predicts two and three replicas from the costs and the reach of one', () => {
    const check = checkDrains(found([9_000, 8_000, 9_000]));
    // One may do 2 cores ÷ 2 s = 10,000, and did 9 tenths of it.
    expect(check?.reach).toBeCloseTo(0.9);
    expect(check?.rows.map(({ predicted }) => Math.round(predicted))).toEqual([
      9_000,
      8_571, // 20,000 ÷ 2.1 × 0.9
      8_182, // 20,000 ÷ 2.2 × 0.9
    ]);
    expect(check?.rows.map(({ deviation }) => Number(deviation.toFixed(3)))).toEqual([0, 0.071, -0.091]);
    expect(check?.rows[2]?.predictedCpuPer10k).toBeCloseTo(2.2);
  });

  it('is met within 15 % on both sides, the source left out', () => {
    expect(checkDrains(found([9_000, 8_000, 9_000]))).toMatchObject({ isMet: true });
    const high = checkDrains(found([9_000, 8_571, 7_000])); // 8,182 is 16.9 % too much
    expect(high?.isMet).toBe(false);
    expect(high?.worst).toBeCloseTo(0.169, 3);
    expect(checkDrains(found([9_000, 8_571, 10_000]))).toMatchObject({ isMet: false }); // 18.2 % too little
  });

  it('lets a second replica lift the limit of one thread', () => {
    // One: 1 core ÷ 1.25 s = 8,000. Two: the machine's 20,000 ÷ 2.35 s.
    const check = checkDrains(found([8_000, 8_500], { ...COSTS, consumerPer10k: 1.25 }));
    expect(check?.reach).toBeCloseTo(1);
    expect(check?.rows[1]?.predicted).toBeCloseTo(20_000 / 2.35);
  });

  it('has nothing to say where one replica alone was measured', () => {
    expect(checkDrains(found([9_000]))).toBeNull();
  });
});
