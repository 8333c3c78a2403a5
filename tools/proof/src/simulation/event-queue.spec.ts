import { SeededRandom } from '../random';
import { EventQueue } from './event-queue';

describe(EventQueue, () => {
  it('gives events by time, and those of one moment in the order of their coming', () => {
    const random = new SeededRandom(3);
    const queue = new EventQueue();
    const expected: [number, number][] = [];
    for (let order = 0; order < 500; order++) {
      const atMs = random.int(40);
      queue.add(atMs, () => undefined);
      expected.push([atMs, order]);
    }
    expected.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const taken: [number, number][] = [];
    for (let next = queue.take(); next; next = queue.take()) taken.push([next.atMs, next.order]);
    expect(taken).toEqual(expected);
  });

  it('passes over what was cancelled', () => {
    const queue = new EventQueue();
    queue.add(1, () => undefined).run = null;
    queue.add(2, () => undefined);
    expect(queue.peek()?.atMs).toBe(2);
  });
});
