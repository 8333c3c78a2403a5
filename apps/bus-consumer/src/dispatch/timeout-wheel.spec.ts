import { ManualTime } from '../testing/manual-time';
import { TimeoutWheel } from './timeout-wheel';

describe(TimeoutWheel, () => {
  let time: ManualTime;
  let wheel: TimeoutWheel;
  let over: string[];
  beforeEach(() => {
    time = new ManualTime();
    wheel = new TimeoutWheel(time.clock, time);
    over = [];
  });
  const add = (name: string, ms: number) => wheel.add(ms, () => over.push(name));

  it('ends each call at its time, never before, at most a tick later, on one timer', async () => {
    add('slow', 5000);
    add('quick', 100);
    expect(time.pending).toBe(1);
    await time.advance(99);
    expect(over).toEqual([]);
    await time.advance(50);
    expect(over).toEqual(['quick']);
    await time.advance(4840);
    expect(over).toEqual(['quick']);
    await time.advance(60);
    expect(over).toEqual(['quick', 'slow']);
  });

  it('leaves alone what was cancelled, and rests when nothing is left', async () => {
    const deadline = add('answered', 100);
    deadline.cancel();
    deadline.cancel();
    expect(wheel.size).toBe(0);
    await time.advance(200);
    expect(over).toEqual([]);
    expect(time.pending).toBe(0);
    add('next', 10);
    await time.advance(100);
    expect(over).toEqual(['next']);
  });

  it('ends all at once what was due while the process stood still', async () => {
    for (const ms of [100, 3000, 59_000]) add(String(ms), ms);
    add('later', 120_000);
    await time.freeze(60_000);
    expect(over.sort()).toEqual(['100', '3000', '59000']);
    await time.advance(61_000);
    expect(over).toContain('later');
  });
});
