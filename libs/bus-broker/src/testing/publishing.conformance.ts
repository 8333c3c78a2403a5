import { partitionOf } from '@bus/domain';
import { allAccepted, type BrokerHarness, keysOf, textRecord } from './broker-harness';
import { RecordingReceiver } from './recording-receiver';

const SMALLEST_TOO_LARGE = 1024 * 1024 + 1;

/** What every publisher does. */
export function publishingConformance(harness: () => BrokerHarness): void {
  it('answers nothing for no records', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    expect(await publisher.publish([])).toEqual([]);
    await publisher.stop();
  });

  it('puts each key into its murmur2 partition and counts offsets without a hole', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    const records = Array.from({ length: 300 }, (_, at) => textRecord(`customer-${at % 40}`, `event-${at}`));
    const results = allAccepted(await publisher.publish(records));
    const next = new Map<number, bigint>();
    results.forEach(({ partition, offset }, at) => {
      expect(partition).toBe(partitionOf(records[at].key, harness().partitions));
      expect(offset).toBe(next.get(partition) ?? 0n);
      next.set(partition, offset + 1n);
    });
    await publisher.stop();
  });

  it('keeps every byte of key, value and headers, and notes when the record came', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);
    const value = Buffer.from('{"text":"\\u00e9 é 漢 🙂 \'\\\\\\"","n":1}');
    const before = Date.now();
    allAccepted(
      await publisher.publish([{ key: 'ключ "1"', value, headers: { ce_id: 'a\\"b', ce_source: 'ünï' } }]),
    );
    await receiver.until('the record', () => receiver.store.records.length === 1);
    const [record] = receiver.store.records;
    expect(record.key?.toString()).toBe('ключ "1"');
    expect(record.value?.equals(value)).toBe(true);
    expect(record.headers.map(([name, text]) => [name, text.toString()])).toEqual([
      ['ce_id', 'a\\"b'],
      ['ce_source', 'ünï'],
    ]);
    // The broker's clock, on the same machine; 5 s leave room for a slow start.
    expect(Math.abs(record.appendedAt.getTime() - before)).toBeLessThan(5_000);
    await subscriber.stop();
    await publisher.stop();
  });

  it.each([
    ['plain ones', { ce_id: 'order-1', ce_source: 'payments', 'x-own': 'a b' }],
    ['empty ones', { ce_id: '', ce_source: '' }],
    ['one that looks like the end of another', { ce_id: 'a"],["ce_source","b', ce_type: '"]]' }],
    ['control characters', { ce_id: 'a\tb\u007f', ce_source: '\u0001' }],
    ['a strange name', { 'x"y\\z': 'a' }],
    ['none', {}],
  ])('keeps headers: %s', async (_, headers) => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    await subscriber.start(receiver);
    allAccepted(await publisher.publish([{ key: 'k', value: Buffer.from('1'), headers }]));
    await receiver.until('the record', () => receiver.store.records.length === 1);
    const [record] = receiver.store.records;
    expect(record.headers.map(([name, text]) => [name, text.toString()])).toEqual(Object.entries(headers));
    await subscriber.stop();
    await publisher.stop();
  });

  it('keeps the order of one key over many calls at once', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    const calls = Array.from({ length: 400 }, (_, at) => publisher.publish([textRecord('one', `${at}`)]));
    const offsets = (await Promise.all(calls)).flatMap(allAccepted).map(({ offset }) => Number(offset));
    expect(offsets).toEqual(Array.from({ length: 400 }, (_, at) => at));
    await subscriber.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === 400);
    expect(receiver.store.values()).toEqual(Array.from({ length: 400 }, (_, at) => `${at}`));
    await subscriber.stop();
    await publisher.stop();
  });

  it('refuses a record over the limit as too large, and takes those beside it', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    const [key] = keysOf(0, harness().partitions);
    const large = { ...textRecord(key, 'large'), value: Buffer.alloc(SMALLEST_TOO_LARGE, 'x') };
    const results = await publisher.publish([textRecord(key, 'a'), large, textRecord(key, 'b')]);
    expect(results).toEqual([
      { outcome: 'accepted', partition: 0, offset: 0n },
      { outcome: 'refused', code: 'too_large', cause: expect.any(Error) },
      { outcome: 'accepted', partition: 0, offset: 1n },
    ]);
    await publisher.stop();
  });

  it('takes several megabytes in one call', async () => {
    const publisher = harness().publisher();
    const subscriber = harness().subscriber();
    const receiver = new RecordingReceiver();
    await publisher.start();
    const records = Array.from({ length: 40 }, (_, at) => ({
      ...textRecord('big', ''),
      value: Buffer.alloc(200_000, `${at % 10}`),
    }));
    allAccepted(await publisher.publish(records));
    await subscriber.start(receiver);
    await receiver.until('all records', () => receiver.store.records.length === records.length);
    expect(receiver.store.records.map(({ value }) => value?.length)).toEqual(records.map(() => 200_000));
    await subscriber.stop();
    await publisher.stop();
  });

  it('answers not_accepted after its end', async () => {
    const publisher = harness().publisher();
    await publisher.start();
    await publisher.stop();
    const [result] = await publisher.publish([textRecord('k', 'late')]);
    expect(result.outcome).toBe('not_accepted');
  });
}
