import { SeededRandom } from '../random';
import { cellsOf, type CrashCell } from './crash-cell';
import { CRASH_HITS, CRASH_POINTS, CRASH_SIGNALS } from './crash-points';

const names = (cells: readonly CrashCell[]) => cells.map(({ name }) => name);

describe(cellsOf, () => {
  it('is every point with both signals and each hit, each once', () => {
    const cells = cellsOf('full', new SeededRandom(1), ['postgres', 'kafka']);
    expect(cells).toHaveLength(CRASH_POINTS.length * CRASH_SIGNALS.length * CRASH_HITS.length);
    expect(new Set(names(cells)).size).toBe(cells.length);
  });

  it('alternates the points of publishing and reading over both brokers', () => {
    const cells = cellsOf('full', new SeededRandom(1), ['postgres', 'kafka']);
    for (const point of ['publish.after-send', 'ingest.after-commit'])
      for (const broker of ['postgres', 'kafka'])
        expect(cells.filter((cell) => cell.point.name === point && cell.broker === broker)).toHaveLength(5);
  });

  it('leaves out what only Kafka has, without Kafka', () => {
    const cells = cellsOf('full', new SeededRandom(1), ['postgres']);
    expect(cells.every((cell) => cell.broker === 'postgres' && cell.point.broker === undefined)).toBe(true);
  });

  it('chooses at least 40 for quick, every point with both signals among them, the same for one seed', () => {
    for (const seed of [1, 2, 3]) {
      const cells = cellsOf('quick', new SeededRandom(seed), ['postgres', 'kafka']);
      expect(cells.length).toBeGreaterThanOrEqual(40);
      expect(cells.length).toBeLessThan(50);
      const pairs = new Set(cells.map(({ point, signal }) => `${point.name} ${signal}`));
      expect(pairs.size).toBe(CRASH_POINTS.length * CRASH_SIGNALS.length);
      expect(names(cellsOf('quick', new SeededRandom(seed), ['postgres', 'kafka']))).toEqual(names(cells));
    }
    const [one, two] = [1, 2].map((seed) =>
      names(cellsOf('quick', new SeededRandom(seed), ['postgres', 'kafka'])),
    );
    expect(one).not.toEqual(two);
  });
});
