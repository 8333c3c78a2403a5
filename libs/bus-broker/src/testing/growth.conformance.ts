import { partitionOf } from '@bus/domain';
import type { BrokerOptions } from '../broker-options';
import { createPublisher, createSubscriber, ensureLog } from '../create-broker';
import { allAccepted, textRecord } from './broker-harness';
import { RecordingReceiver, RecordingStore } from './recording-receiver';

const BEFORE = 2;
const AFTER = 4;

/** What a log's growth does to those who read it, on both brokers. */
export function growthConformance(harness: {
  title: string;
  timeoutMs: number;
  /** How to reach a log that does not exist yet. */
  open(): Promise<BrokerOptions>;
  /** Adds partitions to it. */
  grow(partitions: number): Promise<void>;
}): void {
  describe(harness.title, () => {
    /** A key that the growth moves. */
    const moved =
      Array.from({ length: 100 }, (_, at) => `k${at}`).find(
        (key) => partitionOf(key, BEFORE) === 0 && partitionOf(key, AFTER) === 2,
      ) ?? '';

    it(
      'trap-29: leaves new partitions unread, with an alarm, until the old ones are drained',
      async () => {
        const errors: string[] = [];
        const options: BrokerOptions = {
          ...(await harness.open()),
          logger: (level, message, details) => {
            if (level === 'error') errors.push(`${message}: ${String(details?.['partition'])}`);
          },
        };
        const small = { ...options, partitions: BEFORE };
        const large = { ...options, partitions: AFTER };
        await ensureLog(small);
        const store = new RecordingStore();
        const first = createSubscriber(small);
        await first.start(new RecordingReceiver(store));
        await store.until('positions of all partitions', () => store.positions.size === BEFORE);
        await first.stop();

        const publish = async (to: BrokerOptions, texts: readonly string[]) => {
          const publisher = createPublisher(to);
          await publisher.start();
          for (const text of texts) allAccepted(await publisher.publish([textRecord(moved, text)]));
          await publisher.stop();
        };
        await publish(small, ['a', 'b', 'c']);
        await harness.grow(AFTER);
        await publish(large, ['d', 'e']);

        const receiver = new RecordingReceiver(store);
        let isAway = true;
        let tries = 0;
        receiver.before = ({ partition }) => {
          if (partition !== 0 || !isAway) return;
          tries++;
          store.changed();
          throw new Error('the store is away');
        };
        const subscriber = createSubscriber(large);
        await subscriber.start(receiver);
        await store.until('some seconds of looks', () => tries > 8);
        expect(store.values()).toEqual([]);
        expect(errors.filter((error) => error.endsWith(': 2'))).toEqual([
          'a new partition is left unread until the old ones are drained: 2',
        ]);
        expect(await subscriber.lag()).toContainEqual({ partition: 2, lag: 2n, held: true });

        isAway = false;
        await store.until('all', () => store.records.length === 5);
        expect(store.values()).toEqual(['a', 'b', 'c', 'd', 'e']);
        expect(await subscriber.lag()).toContainEqual({ partition: 2, lag: 0n });
        await subscriber.stop();

        // It is one of the old ones from now on.
        const later = createSubscriber(large);
        await later.start(new RecordingReceiver(store));
        await publish(large, ['f']);
        await store.until('the next', () => store.records.length === 6);
        await later.stop();
      },
      harness.timeoutMs,
    );

    it(
      'reads all partitions of a new log at once, whichever replica comes first',
      async () => {
        const options = { ...(await harness.open()), partitions: AFTER };
        await ensureLog(options);
        const publisher = createPublisher(options);
        await publisher.start();
        allAccepted(
          await publisher.publish(Array.from({ length: 40 }, (_, at) => textRecord(`k${at}`, `${at}`))),
        );
        await publisher.stop();
        const store = new RecordingStore();
        const receiver = new RecordingReceiver(store);
        receiver.before = ({ partition }) => {
          if (partition === 0) throw new Error('the store refuses partition 0');
        };
        const subscriber = createSubscriber(options);
        await subscriber.start(receiver);
        await store.until('the others', () =>
          [1, 2, 3].every((partition) => store.valuesOf(partition).length > 0),
        );
        expect(store.positions.size).toBe(AFTER);
        await subscriber.stop();
      },
      harness.timeoutMs,
    );
  });
}
