import { Logger } from '@nestjs/common';
import { completed, type OperationResult } from '@bus/contracts';
import { HealthChecks } from '@bus/app-shell';
import { openStages, type Stages } from '../testing/stages';
import { Chores } from './chores';
import { DispatchWatch } from './dispatch-watch';

describe(DispatchWatch, () => {
  let stages: Stages;
  let watch: DispatchWatch;
  let exits: number;
  beforeAll(() => Logger.overrideLogger(false));
  const open = async (operation: Parameters<typeof openStages>[0][number]) => {
    stages = await openStages([operation]);
    const chores = new Chores(stages.time.clock, stages.time);
    watch = new DispatchWatch(stages.due, stages.inHand, stages.time.clock, new HealthChecks(), chores);
    exits = 0;
    watch.exit = () => exits++;
    stages.due.start(() => undefined);
    chores.start();
    await stages.time.advance(10);
  };
  const due = () => {
    stages.ledger.onPulse = () => Promise.resolve({ dueOperationIds: [1] });
  };

  it('trap-26: ends a process whose executions do not end, a minute after it stopped being ready', async () => {
    await open({ name: 'sms.send' });
    stages.ledger.onClose = () => new Promise(() => undefined); // written for ever
    stages.accept(['a']);
    await stages.time.advance(25_000);
    await watch.check();
    await stages.time.advance(20_000);
    await expect(watch.check()).rejects.toThrow('executions are in memory and none ends');
    expect(exits).toBe(0);
    await stages.time.advance(30_000);
    expect(exits).toBeGreaterThan(0);
  });

  it('trap-26: ends a process that claims nothing of what is due though slots are free', async () => {
    await open({ name: 'sms.send' });
    due();
    stages.ledger.onClaim = () => Promise.reject(new Error('a bug'));
    await stages.time.advance(45_000);
    await expect(watch.check()).rejects.toThrow('executions are due, slots are free, and none is claimed');
    await stages.time.advance(30_000);
    expect(exits).toBeGreaterThan(0);
  });

  it('trap-26: ends a process whose claim never ends', async () => {
    await open({ name: 'sms.send' });
    due();
    stages.ledger.onClaim = () => new Promise(() => undefined);
    await stages.time.advance(45_000);
    await expect(watch.check()).rejects.toThrow('a claim does not end');
    await stages.time.advance(30_000);
    expect(exits).toBeGreaterThan(0);
  });

  it('lives while others take what is due, and while slow calls end one after another', async () => {
    await open({ name: 'sms.send', concurrency: 1, timeoutMs: 30_000 });
    due();
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => stages.time.after(29_000, () => go(completed()))),
    );
    stages.accept(['a', 'b', 'c', 'd', 'e'], { leaseMs: 300_000 });
    await stages.time.advance(180_000);
    await watch.check();
    expect([exits, stages.services.callCount]).toEqual([0, 5]);
  });

  it('does not blame itself for a store that is away, an open breaker, or a rate', async () => {
    await open({ name: 'sms.send' });
    stages.accept(['a']);
    stages.ledger.onClose = () => Promise.reject(new Error('away'));
    stages.ledger.onPulse = () => Promise.reject(new Error('away'));
    await stages.time.advance(300_000);
    expect(exits).toBe(0);

    await open({ name: 'sms.send' });
    for (let n = 0; n < 10; n++) stages.slots.called(1, 5, false);
    due();
    stages.ledger.onClaim = () => Promise.reject(new Error('away'));
    await stages.time.advance(300_000);
    expect(exits).toBe(0);

    await open({ name: 'sms.send', ratePerSecond: 1 });
    due();
    stages.ledger.onClaim = () => Promise.reject(new Error('away'));
    await stages.time.advance(300_000);
    expect(exits).toBe(0);
  });

  it('trap-14: does not end a process that stood still for minutes and goes on', async () => {
    await open({ name: 'sms.send', timeoutMs: 30_000 });
    let finish: () => void = () => undefined;
    stages.services.on(
      'sms.send',
      () => new Promise<OperationResult>((go) => (finish = () => go(completed()))),
    );
    stages.accept(['a']);
    let claimed: () => void = () => undefined;
    stages.ledger.onClaim = () => new Promise((go) => (claimed = () => go({})));
    due();
    await stages.time.advance(10_000);
    await stages.time.freeze(200_000);
    await stages.time.advance(1000);
    finish();
    claimed();
    await stages.time.advance(20_000);
    expect(exits).toBe(0);
    await watch.check();
  });
});
