import { Logger } from '@nestjs/common';
import { HealthChecks } from '@bus/app-shell';
import { BrokerSubscriber, type PartitionLag } from '@bus/broker';
import { InboxRecord } from '../inbox/inbox-record';
import { openStages, type Stages } from '../testing/stages';
import { Chores } from './chores';
import { LagGauge } from './lag.gauge';
import { StallWatch } from './stall-watch';

class FakeSubscriber extends BrokerSubscriber {
  lags: PartitionLag[] = [];
  override async start(): Promise<void> {
    // reads nothing
  }
  override pause(): void {
    // reads nothing
  }
  override resume(): void {
    // reads nothing
  }
  override async lag(): Promise<PartitionLag[]> {
    return this.lags;
  }
  override async recheck(): Promise<void> {
    // reads nothing
  }
  override async stop(): Promise<void> {
    // reads nothing
  }
}

describe(StallWatch, () => {
  let stages: Stages;
  let subscriber: FakeSubscriber;
  let record: InboxRecord;
  let watch: StallWatch;
  let chores: Chores;
  let exits: number;
  beforeAll(() => Logger.overrideLogger(false));
  beforeEach(async () => {
    stages = await openStages([{ name: 'sms.send' }]);
    const { time, session, metrics, window, due } = stages;
    subscriber = new FakeSubscriber();
    chores = new Chores(time.clock, time);
    record = new InboxRecord(metrics, session.hints, time.clock, time);
    const lag = new LagGauge(subscriber, metrics, window, chores);
    watch = new StallWatch(due, record, lag, time.clock, new HealthChecks());
    exits = 0;
    watch.exit = () => exits++;
    due.start(() => undefined);
    chores.start();
    await time.advance(10);
  });
  afterEach(() => stages.due.stop());

  it('is ready once the store answers and partitions are assigned', async () => {
    await expect(watch.check()).rejects.toThrow('no partitions yet');
    watch.reading(chores);
    await watch.check();
    stages.ledger.onPulse = () => Promise.reject(new Error('away'));
    await stages.time.advance(15_000);
    await expect(watch.check()).rejects.toThrow('Postgres does not answer');
    stages.ledger.onPulse = () => Promise.resolve({});
    await stages.time.advance(2000);
    await watch.check();
  });

  it('trap-26: behind the log and silent for a minute, it ends the process', async () => {
    watch.reading(chores);
    subscriber.lags = [{ partition: 3, lag: 12n }];
    await stages.time.advance(70_000);
    await expect(watch.check()).rejects.toThrow('nothing is read');
    expect(exits).toBe(0);
    await stages.time.advance(30_000);
    expect(exits).toBeGreaterThan(0);
  });

  it('lives while batches come in, even where none can be stored', async () => {
    watch.reading(chores);
    subscriber.lags = [{ partition: 3, lag: 12n }];
    for (let minute = 0; minute < 6; minute++) {
      await stages.time.advance(30_000);
      record.received();
    }
    expect(exits).toBe(0);
    await watch.check();
  });

  it('does not take a full memory or a stopped partition for a stall', async () => {
    watch.reading(chores);
    subscriber.lags = [{ partition: 3, lag: 12n }];
    record.isPaused = true;
    await stages.time.advance(200_000);
    record.isPaused = false;
    record.received();
    record.gap('kafka:1/t', 3, { position: 1n, logStart: 5n, logEnd: 9n });
    await stages.time.advance(200_000);
    expect(exits).toBe(0);
  });
});
