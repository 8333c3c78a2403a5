import { Logger } from '@nestjs/common';
import { ManualTime } from '../testing/manual-time';
import { Chores } from './chores';

describe(Chores, () => {
  let time: ManualTime;
  let chores: Chores;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(() => {
    time = new ManualTime();
    chores = new Chores(time.clock, time);
  });

  it('runs at the start and then at its time, until stopped', async () => {
    let runs = 0;
    chores.add('count', 10_000, async () => void runs++);
    chores.start();
    await time.advance(25_000);
    expect(runs).toBe(3);
    chores.stop();
    await time.advance(60_000);
    expect(runs).toBe(3);
  });

  it('tries again within a minute after a failure, and never runs twice at a time', async () => {
    let fails = 0;
    let slow = 0;
    chores.add('fails', 3_600_000, () => {
      fails++;
      return Promise.reject(new Error('away'));
    });
    chores.add('slow', 1000, () => {
      slow++;
      return new Promise(() => undefined);
    });
    chores.start();
    await time.advance(130_000);
    expect([fails, slow]).toEqual([3, 1]);
  });
});
