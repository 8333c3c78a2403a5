import type { BrokerPublisher } from '../broker-publisher';
import type { BrokerSubscriber } from '../broker-subscriber';
import { keysOf, textRecord } from './broker-harness';
import { Link } from './link';
import { RecordingReceiver } from './recording-receiver';

export interface CutLinkHarness {
  partitions: number;
  /** Stands before the broker. */
  link: Link;
  publisher(): BrokerPublisher;
  subscriber(): BrokerSubscriber;
  close(): Promise<void>;
}

const CUTS = 12;
const CALLERS = 6;

/** What publishers and subscribers keep while their connections break under load, again and again (trap 27). */
export function cutLinkConformance(title: string, open: () => Promise<CutLinkHarness>): void {
  it(`${title}: keeps each accepted record at its offset, and the order of each caller, over ${CUTS} cuts`, async () => {
    const harness = await open();
    const publisher = harness.publisher();
    const subscriber = harness.subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);

    const accepted: { text: string; partition: number; offset: bigint }[] = [];
    const outcomes = { accepted: 0, unknown: 0, not_accepted: 0, refused: 0 };
    let done = false;
    const call = async (caller: number) => {
      const key = keysOf(caller % harness.partitions, harness.partitions, CALLERS)[caller];
      for (let at = 0; !done; at++) {
        const texts = Array.from({ length: 1 + (at % 5) }, (_, part) => `${caller}:${at}:${part}`);
        const results = await publisher.publish(texts.map((text) => textRecord(key, text)));
        results.forEach((result, part) => {
          outcomes[result.outcome]++;
          if (result.outcome !== 'accepted') return;
          accepted.push({ text: texts[part], partition: result.partition, offset: result.offset });
        });
      }
    };
    const callers = Array.from({ length: CALLERS }, (_, caller) => call(caller));
    for (let cut = 0; cut < CUTS; cut++) {
      const before = accepted.length;
      await untilTrue(() => accepted.length > before + 200);
      await harness.link.cut();
      await harness.link.open();
    }
    done = true;
    process.stderr.write(JSON.stringify(outcomes) + '\n');
    await Promise.all(callers);

    const last = new Map<number, bigint>();
    for (const { partition, offset } of accepted) {
      if (offset > (last.get(partition) ?? -1n)) last.set(partition, offset);
    }
    const read = () => new Map(receiver.store.records.map((one) => [`${one.partition}/${one.offset}`, one]));
    await receiver.until('the last accepted records', () => {
      const offsets = new Set(receiver.store.records.map((one) => `${one.partition}/${one.offset}`));
      return [...last].every(([partition, offset]) => offsets.has(`${partition}/${offset}`));
    });
    const stored = read();
    const misplaced = accepted.filter(
      ({ text, partition, offset }) => String(stored.get(`${partition}/${offset}`)?.value) !== text,
    );
    expect(misplaced).toEqual([]);
    expect(stored.size).toBe(receiver.store.records.length);
    for (let caller = 0; caller < CALLERS; caller++) {
      const own = accepted.filter(({ text }) => text.startsWith(`${caller}:`)).map(({ offset }) => offset);
      expect(own).toEqual([...own].sort((a, b) => Number(a - b)));
    }
    expect(outcomes.accepted).toBeGreaterThan(CUTS * 200);
    await subscriber.stop();
    await publisher.stop();
    await harness.close();
  }, 120_000);
}

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setImmediate(done));
}
