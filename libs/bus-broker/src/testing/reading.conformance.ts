import { allAccepted, type BrokerHarness, keysOf, textRecord } from './broker-harness';
import { RecordingReceiver, RecordingStore } from './recording-receiver';

/** What every subscriber does, alone. */
export function readingConformance(harness: () => BrokerHarness): void {
  async function publish(partition: number, texts: readonly string[]): Promise<void> {
    const publisher = harness().publisher();
    await publisher.start();
    const [key] = keysOf(partition, harness().partitions);
    allAccepted(await publisher.publish(texts.map((text) => textRecord(key, text))));
    await publisher.stop();
  }

  function numbers(from: number, to: number): string[] {
    return Array.from({ length: to - from }, (_, at) => String(from + at));
  }

  it('reads an unknown log from its start, in batches of at most 500 without a hole between them', async () => {
    await publish(0, numbers(0, 1_200));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === 1_200);
    expect(receiver.store.values()).toEqual(numbers(0, 1_200));
    let position = 0n;
    for (const { records, nextOffset, logId, logStart, partition } of receiver.batches) {
      expect(records.length).toBeLessThanOrEqual(500);
      expect(records.at(0)?.offset).toBe(position);
      expect(nextOffset).toBe((records.at(-1)?.offset ?? 0n) + 1n);
      expect({ logStart, partition }).toEqual({ logStart: 0n, partition: 0 });
      expect(logId).toBe(receiver.asked[0].logId);
      position = nextOffset;
    }
    await subscriber.stop();
  });

  it('begins at the stored position', async () => {
    await publish(1, numbers(0, 10));
    const first = harness().subscriber();
    const receiver = new RecordingReceiver();
    await first.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === 10);
    await first.stop();
    const place = RecordingStore.place(receiver.asked[0].logId, 1);
    expect(receiver.store.positions.get(place)).toBe(10n);
    const store = new RecordingStore();
    store.positions.set(place, 7n);
    const second = harness().subscriber();
    const later = new RecordingReceiver(store);
    await second.start(later);
    await later.until('the rest', () => store.records.length === 3);
    expect(store.values()).toEqual(['7', '8', '9']);
    await second.stop();
  });

  it('hears of records that come while it rests', async () => {
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    for (const round of [1, 2, 3]) {
      await publish(round % harness().partitions, [`round-${round}`]);
      await receiver.until(`round ${round}`, () => receiver.store.records.length === round);
    }
    await subscriber.stop();
  });

  it('gives the same batch again after the receiver failed, and goes on with other partitions meanwhile', async () => {
    await publish(0, numbers(0, 20));
    await publish(1, numbers(100, 120));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    const failed: string[][] = [];
    receiver.before = ({ partition, records }) => {
      if (partition !== 0 || failed.length === 3) return;
      failed.push(records.map(({ value }) => String(value)));
      throw new Error('the store is away');
    };
    await subscriber.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === 40);
    expect(failed).toEqual([numbers(0, 20), numbers(0, 20), numbers(0, 20)]);
    expect(receiver.store.valuesOf(0)).toEqual(numbers(0, 20));
    expect(receiver.store.valuesOf(1)).toEqual(numbers(100, 120));
    await subscriber.stop();
  });

  it('goes on where a seek outcome says, backwards and forwards', async () => {
    await publish(0, numbers(0, 10));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    const answers = [{ outcome: 'seek', offset: 6n } as const, { outcome: 'seek', offset: 3n } as const];
    receiver.before = () => answers.shift();
    await subscriber.start(receiver);
    await receiver.until('the last record', () => receiver.store.valuesOf(0).includes('9'));
    expect(receiver.batches.map(({ records }) => String(records[0].value))).toEqual(['0', '6', '3']);
    expect(receiver.store.valuesOf(0)).toEqual(numbers(3, 10));
    await subscriber.stop();
  });

  it('gives nothing while paused, not even the rest of what it has fetched, and goes on after', async () => {
    await publish(0, numbers(0, 1_500));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    receiver.before = () => subscriber.pause();
    await subscriber.start(receiver);
    await receiver.until('the first batch', () => receiver.batches.length === 1);
    const stored = receiver.store.records.length;
    expect(stored).toBeLessThanOrEqual(500);
    await publish(1, ['while paused']);
    expect(await lagOf(subscriber, 0)).toBe(BigInt(1_500 - stored));
    expect(receiver.store.records.length).toBe(stored);
    receiver.before = () => undefined;
    subscriber.resume();
    await receiver.until('all records', () => receiver.store.records.length === 1_501);
    expect(receiver.store.valuesOf(0)).toEqual(numbers(0, 1_500));
    await subscriber.stop();
  });

  it('tells the lag of each partition', async () => {
    await publish(0, numbers(0, 5));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    let away = true;
    receiver.before = ({ partition }) => {
      if (partition === 0 && away) throw new Error('the store is away');
    };
    await subscriber.start(receiver);
    const partitions = (await subscriber.lag()).map(({ partition }) => partition).sort((a, b) => a - b);
    expect(partitions).toEqual(Array.from({ length: harness().partitions }, (_, at) => at));
    expect(await lagOf(subscriber, 0)).toBe(5n);
    away = false;
    await receiver.until('all records', () => receiver.store.records.length === 5);
    expect(await lagOf(subscriber, 0)).toBe(0n);
    await subscriber.stop();
  });

  it('waits at its end for the batch under way, and gives none after', async () => {
    await publish(0, numbers(0, 3));
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    let entered: () => void = () => undefined;
    let release: () => void = () => undefined;
    const inside = new Promise<void>((done) => (entered = done));
    receiver.before = () => {
      entered();
      return new Promise<void>((done) => (release = done));
    };
    await subscriber.start(receiver);
    await inside;
    const ended = subscriber.stop();
    expect(receiver.store.records).toEqual([]);
    release();
    await ended;
    expect(receiver.store.valuesOf(0)).toEqual(numbers(0, 3));
    await publish(0, ['after']);
    expect(receiver.store.valuesOf(0)).toEqual(numbers(0, 3));
    await subscriber.stop();
  });
}

async function lagOf(
  subscriber: { lag(): Promise<{ partition: number; lag: bigint }[]> },
  partition: number,
): Promise<bigint | undefined> {
  return (await subscriber.lag()).find((one) => one.partition === partition)?.lag;
}
