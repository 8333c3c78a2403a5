import type { BenchReport } from '../report/bench-report';
import type { Row, ScenarioName } from '../scenario';
import { findCosts, NoCosts } from './find-costs';

const row = (variant: string, figures: Record<string, number[]>): Row => ({
  variant,
  figures: Object.fromEntries(Object.entries(figures).map(([name, rounds]) => [name, { unit: '', rounds }])),
});
const drain = (variant: string, over: Record<string, number[]> = {}) =>
  row(variant, {
    'events/s': [5_000, 6_000, 9_000],
    'consumers per 10k': [1.2, 1.1, 1.4],
    'service per 10k': [0.5],
    'PostgreSQL per 10k': [0.7],
    'Kafka per 10k': [0.2],
    'WAL per event': [3_000],
    ...over,
  });
const PUBLISH = row('publish', { 'events/s': [12_000], 'producer per 10k': [0.9] });

function report(rows: Partial<Record<ScenarioName, Row[]>>, over: Partial<BenchReport> = {}): BenchReport {
  return {
    commit: 'c0ffee',
    startedAt: '',
    endedAt: '',
    quick: false,
    rounds: 3,
    machine: '2 × Some Processor, 8 GiB',
    versions: {},
    postgres: {},
    scenarios: Object.entries(rows).map(([name, found]) => ({
      name: name as ScenarioName,
      title: '',
      rows: found,
      goals: [],
      plots: [],
      rejectedWindows: 0,
      notes: [],
    })),
    failures: [],
    ...over,
  };
}

describe(findCosts, () => {
  it('takes the medians of one replica, and adds publishing', () => {
    const { costs, drainCosts, cores } = findCosts(report({ kafka: [drain('1 bus-consumer'), PUBLISH] }));
    expect(costs).toMatchObject({
      producerPer10k: 0.9,
      consumerPer10k: 1.2,
      servicePer10k: 0.5,
      postgresPer10k: 0.7,
      brokerPer10k: 0.2,
      walBytesPerEvent: 3_000,
    });
    expect(drainCosts.producerPer10k).toBe(0);
    expect(cores).toBe(2);
  });

  it('keeps every drain, to compare with', () => {
    const rows = [drain('1 bus-consumer'), drain('3 bus-consumers', { 'events/s': [7_000] }), PUBLISH];
    expect(findCosts(report({ kafka: rows })).drains).toMatchObject([
      { replicas: 1, eventsPerSecond: 6_000 },
      { replicas: 3, eventsPerSecond: 7_000 },
    ]);
    expect(findCosts(report({ kafka: rows })).drains[0]?.cpuPer10k).toBeCloseTo(2.6);
  });

  it('says what it had to assume', () => {
    const { assumed, costs } = findCosts(report({ kafka: [drain('1 bus-consumer'), PUBLISH] }));
    expect(assumed).toHaveLength(4);
    expect(costs).toMatchObject({ storedBytesPerEvent: 1_900, secondsPerStatement: 0.0003, atRestMs: 2.3 });
  });

  it('assumes nothing that other scenarios measured', () => {
    const { assumed, costs } = findCosts(
      report({
        kafka: [
          drain('1 bus-consumer', { 'stored per event': [2_100] }),
          row('publish', { 'producer per 10k': [0.9], 'Kafka per 10k': [0.3] }),
        ],
        raw: [
          row('insert, 1 row a statement, 1 connection', { 'p50 of a statement': [0.5] }),
          row('insert, 500 rows a statement, 1 connection', { 'p50 of a statement': [10.48] }),
        ],
        steady: [row('Omnibus over Nest TCP, 200/s', { p50: [2.9] })],
      }),
    );
    expect(assumed).toEqual([]);
    expect(costs).toMatchObject({ storedBytesPerEvent: 2_100, brokerPer10k: 0.5, atRestMs: 2.9 });
    expect(costs.secondsPerStatement).toBeCloseTo(0.00048); // 0.5 ms less a row's 9.98 ÷ 499
  });

  it.each([
    ['is not in the report', report({})],
    [
      'did not come to its end (Error: no Java)',
      report({}, { failures: [{ scenario: 'kafka', error: 'Error: no Java\n  at' }] }),
    ],
    ['has no row for one replica', report({ kafka: [drain('2 bus-consumers'), PUBLISH] })],
    ['does not tell what publishing costs', report({ kafka: [drain('1 bus-consumer')] })],
    [
      'has no "WAL per event" for "1 bus-consumer"',
      report({ kafka: [drain('1 bus-consumer', { 'WAL per event': [] }), PUBLISH] }),
    ],
    [
      'does not tell the machine',
      report({ kafka: [drain('1 bus-consumer'), PUBLISH] }, { machine: 'unknown' }),
    ],
  ])('refuses a report that %s, and says what to run', (why, one) => {
    expect(() => findCosts(one)).toThrow(NoCosts);
    expect(() => findCosts(one)).toThrow(why);
    expect(() => findCosts(one)).toThrow('run `npm run bench`');
  });
});
