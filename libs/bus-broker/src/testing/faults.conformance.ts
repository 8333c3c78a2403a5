import { allAccepted, type BrokerHarness, keysOf, textRecord } from './broker-harness';
import { RecordingReceiver, RecordingStore } from './recording-receiver';

const ANSWERED_WITHIN_MS = 5_000;

/** What publishers and subscribers do where the log has holes, is another one, or is away. */
export function faultsConformance(harness: () => BrokerHarness): void {
  function record(partition: number, text: string) {
    return textRecord(keysOf(partition, harness().partitions)[0], text);
  }

  it('passes over offsets without records, at the end of the log too', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    let end = 0n;
    for (const text of ['a', 'b', 'c']) {
      allAccepted(await publisher.publish([record(0, text)]));
      end += 1n + (await harness().gap(0));
    }
    await subscriber.start(receiver);
    const isAt = (offset: bigint) =>
      receiver.store.positions.get(RecordingStore.place(receiver.asked.at(-1)?.logId ?? '', 0)) === offset;
    await receiver.until('the end', () => isAt(end));
    expect(receiver.store.valuesOf(0)).toEqual(['a', 'b', 'c']);
    expect((await subscriber.lag()).every(({ lag }) => lag === 0n)).toBe(true);
    end += await harness().gap(0);
    await receiver.until('the gap alone', () => isAt(end));
    allAccepted(await publisher.publish([record(0, 'd')]));
    await receiver.until('the last', () => isAt(end + 1n));
    expect(receiver.store.valuesOf(0)).toEqual(['a', 'b', 'c', 'd']);
    await subscriber.stop();
    await publisher.stop();
  });

  it('stops the partition whose position the log dropped, or never had, and reads the others', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    const logId = await findLogId(harness());
    for (const partition of [0, 1, 2]) {
      allAccepted(
        await publisher.publish(['x', 'y', 'z'].map((text) => record(partition, `${text}${partition}`))),
      );
    }
    await harness().dropBefore(0, 2n);
    const store = new RecordingStore();
    // All were read before: one without a position would wait for those that have stopped.
    for (let partition = 0; partition < harness().partitions; partition++)
      store.positions.set(RecordingStore.place(logId, partition), [1n, 99n][partition] ?? 0n);
    const receiver = new RecordingReceiver(store);
    const subscriber = harness().subscriber();
    await subscriber.start(receiver);
    await receiver.until('both stops', () => receiver.outside.length === 2);
    await receiver.until('the other partition', () => store.valuesOf(2).length === 3);
    expect(receiver.outside.sort((a, b) => a.partition - b.partition)).toEqual([
      { logId, partition: 0, position: 1n, logStart: 2n, logEnd: 3n },
      { logId, partition: 1, position: 99n, logStart: 0n, logEnd: 3n },
    ]);
    expect([store.valuesOf(0), store.valuesOf(1)]).toEqual([[], []]);
    allAccepted(await publisher.publish([record(0, 'later'), record(2, 'later2')]));
    await receiver.until('another record', () => store.valuesOf(2).length === 4);
    expect([store.valuesOf(0), store.valuesOf(1)]).toEqual([[], []]);
    await subscriber.stop();
    await publisher.stop();
  });

  it('begins at the log start where older records are gone and nothing is stored yet', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    allAccepted(await publisher.publish(['x', 'y', 'z'].map((text) => record(0, text))));
    await harness().dropBefore(0, 2n);
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    await receiver.until('the record left', () => receiver.store.records.length === 1);
    expect(receiver.asked[0].logStarts.get(0)).toBe(2n);
    expect(receiver.batches[0].logStart).toBe(2n);
    expect(receiver.store.values()).toEqual(['z']);
    await subscriber.stop();
    await publisher.stop();
  });

  it('reads again what a store that was put back to an older state has forgotten', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);
    allAccepted(await publisher.publish(['a', 'b', 'c'].map((text) => record(0, text))));
    await receiver.until('all of them', () => receiver.store.records.length === 3);
    const { logId } = receiver.batches[0];

    receiver.store.records.splice(1);
    receiver.store.positions.set(RecordingStore.place(logId, 0), 1n);
    await subscriber.recheck();
    await receiver.until('the two again', () => receiver.store.records.length === 3);
    expect(receiver.store.valuesOf(0)).toEqual(['a', 'b', 'c']);

    allAccepted(await publisher.publish([record(0, 'd')]));
    await receiver.until('the next', () => receiver.store.records.length === 4);
    await subscriber.recheck();
    expect(receiver.store.valuesOf(0)).toEqual(['a', 'b', 'c', 'd']);
    await subscriber.stop();
    await publisher.stop();
  });

  it('answers within 5 s while the broker is away, and both ends go on by themselves after', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);
    allAccepted(await publisher.publish([record(0, 'before')]));
    await publisher.check();
    await receiver.until('the first', () => receiver.store.records.length === 1);

    const sentAt = performance.now();
    const racing = publisher.publish(Array.from({ length: 50 }, (_, at) => record(0, `racing-${at}`)));
    await harness().goAway();
    const [during] = await publisher.publish([record(0, 'during')]);
    const raced = await racing;
    expect(performance.now() - sentAt).toBeLessThan(2 * ANSWERED_WITHIN_MS);
    expect(['not_accepted', 'unknown']).toContain(during.outcome);
    await expect(publisher.check()).rejects.toThrow();
    await expect(subscriber.lag()).rejects.toThrow();

    const awayAt = performance.now();
    const [away] = await publisher.publish([record(0, 'away')]);
    expect(performance.now() - awayAt).toBeLessThan(ANSWERED_WITHIN_MS);
    expect(away.outcome).toBe('not_accepted');

    await harness().comeBack();
    await accepted(() => publisher.publish([record(0, 'after')]));
    await publisher.check();
    await receiver.until('the record after', () => receiver.store.valuesOf(0).includes('after'));
    const stored = receiver.store.valuesOf(0);
    const kept = raced.flatMap(({ outcome }, at) => (outcome === 'accepted' ? [`racing-${at}`] : []));
    expect(stored.filter((text) => kept.includes(text))).toEqual(kept);
    expect(stored).not.toContain('away');
    await subscriber.stop();
    await publisher.stop();
  });

  it('starts while the broker is away, and works once it is there', async () => {
    await harness().goAway();
    const publisher = harness().publisher();
    const started = publisher.start();
    await harness().comeBack();
    await started;
    await accepted(() => publisher.publish([record(0, 'first')]));
    await publisher.stop();
  });

  it('asks for positions anew where another log stands at the same place', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);
    allAccepted(await publisher.publish([record(0, 'old-1'), record(0, 'old-2')]));
    await receiver.until('the old records', () => receiver.store.records.length === 2);
    const oldId = receiver.batches[0].logId;

    await harness().recreate();
    await accepted(() => publisher.publish([record(0, 'new-1')]));
    await receiver.until('the new record', () => receiver.store.values().includes('new-1'));
    const batch = receiver.batches.at(-1);
    expect(batch?.logId).not.toBe(oldId);
    expect(receiver.store.positions.get(RecordingStore.place(oldId, 0))).toBe(2n);
    expect(
      receiver.asked.some(({ logId, logStarts }) => logId === batch?.logId && logStarts.get(0) === 0n),
    ).toBe(true);
    await subscriber.stop();
    await publisher.stop();
  });
}

async function findLogId(harness: BrokerHarness): Promise<string> {
  const subscriber = harness.subscriber();
  const receiver = new RecordingReceiver();
  await subscriber.start(receiver);
  await receiver.until('positions', () => receiver.asked.length > 0);
  await subscriber.stop();
  return receiver.asked[0].logId;
}

/** A publish may be cut off while the broker comes back; the caller publishes again, as clients do. */
async function accepted(publish: () => Promise<{ outcome: string; cause?: unknown }[]>): Promise<void> {
  let last: unknown;
  for (let tries = 0; tries < 20; tries++) {
    const [result] = await publish();
    if (result.outcome === 'accepted') return;
    last = result.cause;
  }
  throw new Error('never accepted again', { cause: last });
}
