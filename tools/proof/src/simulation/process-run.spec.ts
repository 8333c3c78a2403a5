import { EPOCH_MS, ProcessRun } from './process-run';
import { VirtualTime } from './virtual-time';

function open(clocks = { wallOffsetMs: 0, wallDriftPpm: 0, monotonicDriftPpm: 0 }) {
  const time = new VirtualTime();
  const crashes: unknown[] = [];
  const process = new ProcessRun('one', time, clocks, (_name, error) => crashes.push(error));
  const ran: number[] = [];
  const after = (ms: number) => process.timers.after(ms, () => ran.push(time.nowMs));
  return { time, process, crashes, ran, after };
}

describe(ProcessRun, () => {
  it('runs nothing any more once it is killed', async () => {
    const { time, process, ran, after } = open();
    after(10);
    after(30);
    await time.run(20);
    process.kill();
    await time.run(100);
    expect(ran).toEqual([10]);
  });

  it('runs what came in while it stood still when it is resumed; its clocks have gone on', async () => {
    const { time, process, ran, after } = open();
    after(10);
    after(20);
    const cancel = after(30);
    process.stop();
    await time.run(500);
    expect(ran).toEqual([]);
    cancel();
    process.resume();
    await time.run(600);
    expect(ran).toEqual([500, 500]);
    expect(process.clock.monotonicMs()).toBe(1600);
  });

  it('tells of what would have ended the process', async () => {
    const { time, process, crashes } = open();
    process.timers.after(1, () => {
      throw new Error('not caught');
    });
    await time.run(10);
    expect(crashes).toHaveLength(1);
  });

  it('has a wall clock of its own', async () => {
    const { time, process } = open({ wallOffsetMs: -300_000, wallDriftPpm: 1000, monotonicDriftPpm: 50 });
    await time.run(100_000);
    expect(process.clock.now().getTime()).toBe(EPOCH_MS + 100_100 - 300_000);
    expect(process.clock.monotonicMs()).toBeCloseTo(101_005, 3);
  });
});
