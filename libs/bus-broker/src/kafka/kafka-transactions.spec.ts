import { randomUUID } from 'node:crypto';
import { describeWithKafka, sharedTestKafka } from '@bus/kafka-dev';
import { createSubscriber, ensureLog } from '../create-broker';
import { KafkaHand } from '../testing/kafka-hand';
import { RecordingReceiver, RecordingStore } from '../testing/recording-receiver';

describeWithKafka('KafkaSubscriber on transactions', () => {
  async function log() {
    const { brokers } = await sharedTestKafka();
    const topic = `events-${randomUUID()}`;
    const options = {
      broker: 'kafka' as const,
      kafkaBrokers: [brokers],
      topic,
      partitions: 2,
      devSingleBroker: true,
    };
    await ensureLog(options);
    return { hand: new KafkaHand(brokers, topic), subscriber: () => createSubscriber(options) };
  }

  it('takes committed records between aborted ones, once, and ends at the end of the log', async () => {
    const { hand, ...made } = await log();
    const subscriber = made.subscriber();
    await hand.transaction(0, ['aborted-0'], 'abort');
    await hand.transaction(0, ['a', 'b'], 'commit');
    await hand.transaction(0, ['aborted-1', 'aborted-2', 'aborted-3'], 'abort');
    await hand.transaction(0, ['c'], 'commit');
    await hand.transaction(0, ['aborted-4'], 'abort');
    const receiver = new RecordingReceiver();
    await subscriber.start(receiver);
    const end = await hand.end(0);
    await receiver.until('the end', () => [...receiver.store.positions.values()].includes(end));
    expect(receiver.store.values()).toEqual(['a', 'b', 'c']);
    expect((await subscriber.lag()).map(({ lag }) => lag)).toEqual([0n, 0n]);
    await subscriber.stop();
  }, 60_000);

  it('neither loses nor repeats anything where a batch behind an aborted transaction has to come again', async () => {
    const { hand, ...made } = await log();
    const subscriber = made.subscriber();
    const receiver = new RecordingReceiver();
    let failures = 0;
    receiver.before = () => {
      if (failures++ % 2 === 0) throw new Error('the store is away');
    };
    await subscriber.start(receiver);
    for (const round of [1, 2, 3]) {
      await hand.transaction(1, [`aborted-${round}`], 'abort');
      await hand.transaction(1, [`kept-${round}`], 'commit');
    }
    await hand.transaction(1, ['aborted-last'], 'abort');
    const end = await hand.end(1);
    await receiver.until('the end', () => [...receiver.store.positions.values()].includes(end));
    expect(receiver.store.values()).toEqual(['kept-1', 'kept-2', 'kept-3']);
    await subscriber.stop();
  }, 60_000);

  it('goes on from a position inside of an aborted transaction', async () => {
    const { hand, ...made } = await log();
    await hand.transaction(0, ['a'], 'commit');
    await hand.transaction(0, ['aborted'], 'abort');
    await hand.transaction(0, ['b'], 'commit');
    const first = new RecordingReceiver();
    const subscriber = made.subscriber();
    await subscriber.start(first);
    await first.until('both', () => first.store.records.length === 2);
    await subscriber.stop();
    // Positions inside the gap: on the aborted record, and on its control record.
    const { logId } = first.asked[0];
    for (const position of [2n, 3n]) {
      const store = new RecordingStore();
      store.positions.set(RecordingStore.place(logId, 0), position);
      const receiver = new RecordingReceiver(store);
      const again = made.subscriber();
      await again.start(receiver);
      await receiver.until('the rest', () => store.records.length === 1);
      expect(store.values()).toEqual(['b']);
      await again.stop();
    }
  }, 60_000);
});
