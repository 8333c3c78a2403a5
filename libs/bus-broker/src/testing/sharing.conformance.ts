import { allAccepted, type BrokerHarness, textRecord } from './broker-harness';
import { RecordingReceiver, RecordingStore } from './recording-receiver';

/** What subscribers do beside each other. */
export function sharingConformance(harness: () => BrokerHarness): void {
  it('shares the partitions with a second subscriber and takes them back, nothing lost or stored twice', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    const store = new RecordingStore();
    const one = { subscriber: harness().subscriber(), receiver: new RecordingReceiver(store) };
    const two = { subscriber: harness().subscriber(), receiver: new RecordingReceiver(store) };
    const sent: string[] = [];
    const round = async (name: string) => {
      const texts = Array.from({ length: 120 }, (_, at) => `${name}-${at}`);
      sent.push(...texts);
      allAccepted(await publisher.publish(texts.map((text, at) => textRecord(`key-${at % 30}`, text))));
    };
    await one.subscriber.start(one.receiver);
    await round('alone');
    await store.until('the first round', () => store.records.length === sent.length);

    await two.subscriber.start(two.receiver);
    await store.until('partitions of the second', () =>
      two.receiver.asked.some(({ logStarts }) => logStarts.size > 0),
    );
    // Each round may be read by either until both know of the other; soon both read.
    for (let at = 0; two.receiver.batches.length === 0 || one.receiver.batches.length < 2; at++) {
      await round(`both-${at}`);
      await store.until(`round ${at}`, () => store.records.length >= sent.length);
      if (at === 200) throw new Error('the second subscriber never read');
    }

    await one.subscriber.stop();
    await round('the other');
    await store.until('the last round', () => store.records.length >= sent.length);
    expect([...store.values()].sort()).toEqual([...sent].sort());
    for (let partition = 0; partition < harness().partitions; partition++) {
      const offsets = store.records
        .filter((record) => record.partition === partition)
        .map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.map((_, at) => BigInt(at)));
    }
    await two.subscriber.stop();
    await publisher.stop();
  });
}
