import { partitionOf } from '@bus/domain';
import type { PublishResult } from './broker-publisher';
import { type BatcherOptions, type QueuedRecord, RecordBatcher } from './record-batcher';
import { keysOf, textRecord } from './testing/broker-harness';

const PARTITIONS = 4;

interface Send {
  batch: readonly QueuedRecord[];
  answer(): void;
  fail(cause: unknown): void;
}

/** A batcher whose sends wait for the test. */
function open(over: Partial<BatcherOptions> = {}) {
  const sends: Send[] = [];
  const state = { ready: true };
  const batcher = new RecordBatcher({
    partitions: PARTITIONS,
    sends: 4,
    ready: () => state.ready,
    fault: () => new Error('the cable is cut'),
    send: (batch) =>
      new Promise<PublishResult[]>((done, fail) => {
        const answer = () =>
          done(batch.map(({ partition }) => ({ outcome: 'accepted', partition, offset: 0n })));
        sends.push({ batch, answer, fail });
      }),
    ...over,
  });
  return {
    batcher,
    sends,
    state,
    texts: (at: number) => sends[at].batch.map(({ record }) => String(record.value)),
  };
}

const nextTick = () => new Promise((done) => setImmediate(done));

describe(RecordBatcher, () => {
  const [zero] = keysOf(0, PARTITIONS);
  const [one] = keysOf(1, PARTITIONS);

  it('sends what was published in one tick as one batch, in order', async () => {
    const { batcher, sends, texts } = open();
    const calls = ['a', 'b', 'c'].map((text) => batcher.publish([textRecord(zero, text)]));
    await nextTick();
    expect(sends).toHaveLength(1);
    expect(texts(0)).toEqual(['a', 'b', 'c']);
    sends[0].answer();
    expect((await Promise.all(calls)).flat().map(({ outcome }) => outcome)).toEqual(
      Array(3).fill('accepted'),
    );
  });

  it('never has two sends of one partition under way, and lets others pass', async () => {
    const { batcher, sends, texts } = open();
    const calls = [batcher.publish([textRecord(zero, 'a')])];
    await nextTick();
    calls.push(batcher.publish([textRecord(zero, 'b'), textRecord(one, 'c')]));
    await nextTick();
    expect(sends.map((_, at) => texts(at))).toEqual([['a'], ['c']]);
    sends[0].answer();
    await nextTick();
    expect(texts(2)).toEqual(['b']);
    sends[1].answer();
    sends[2].answer();
    await Promise.all(calls);
  });

  it('splits at 500 records and at 1 MB', async () => {
    const { batcher, sends } = open();
    const many = Array.from({ length: 1_100 }, (_, at) => textRecord(zero, `${at}`));
    const large = Array.from({ length: 3 }, () => ({ ...textRecord(one, ''), value: Buffer.alloc(400_000) }));
    const calls = [batcher.publish(many), batcher.publish(large)];
    const seen: string[] = [];
    for (let at = 0; at < 5; at++) {
      await nextTick();
      const { batch } = sends[at];
      expect(batch.length).toBeLessThanOrEqual(500);
      expect(batch.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(1024 * 1024);
      seen.push(
        ...batch.filter(({ partition }) => partition === 0).map(({ record }) => String(record.value)),
      );
      sends[at].answer();
    }
    await Promise.all(calls);
    expect(seen).toEqual(many.map(({ value }) => String(value)));
  });

  it('says not_accepted for what was never sent, unknown for what was, when time is up', async () => {
    const { batcher, state } = open({ answerWithinMs: 30 });
    const sent = batcher.publish([textRecord(zero, 'sent')]);
    await nextTick();
    state.ready = false;
    const waiting = batcher.publish([textRecord(zero, 'waiting'), textRecord(one, 'too')]);
    expect((await sent).map(({ outcome }) => outcome)).toEqual(['unknown']);
    const answers = await waiting;
    expect(answers.map(({ outcome }) => outcome)).toEqual(['not_accepted', 'not_accepted']);
    expect(answers[0]).toMatchObject({ cause: { cause: { message: 'the cable is cut' } } });
  });

  it('does not send what was already answered', async () => {
    const { batcher, sends, state } = open({ answerWithinMs: 20 });
    state.ready = false;
    await batcher.publish([textRecord(zero, 'given up')]);
    state.ready = true;
    batcher.flush();
    expect(sends).toHaveLength(0);
  });

  it('takes a send that throws for unknown, and goes on', async () => {
    const { batcher, sends } = open();
    const failing = batcher.publish([textRecord(zero, 'a')]);
    await nextTick();
    sends[0].fail(new Error('gone'));
    expect(await failing).toEqual([{ outcome: 'unknown', cause: new Error('gone') }]);
    const next = batcher.publish([textRecord(zero, 'b')]);
    await nextTick();
    sends[1].answer();
    expect(await next).toEqual([{ outcome: 'accepted', partition: 0, offset: 0n }]);
  });

  it('holds no more than 20,000 records', async () => {
    const { batcher, state } = open({ answerWithinMs: 50 });
    state.ready = false;
    const records = Array.from({ length: 20_001 }, (_, at) => textRecord(`k${at}`, ''));
    const answers = await batcher.publish(records);
    expect(answers.at(-1)).toMatchObject({
      outcome: 'not_accepted',
      cause: { message: expect.stringContaining('too many records wait') },
    });
    expect(answers.every(({ outcome }) => outcome === 'not_accepted')).toBe(true);
  });

  it('ends when the last send is answered, and takes nothing more', async () => {
    const { batcher, sends } = open();
    const last = batcher.publish([textRecord(zero, 'a')]);
    await nextTick();
    const ended = batcher.close();
    expect(await batcher.publish([textRecord(one, 'b')])).toMatchObject([{ outcome: 'not_accepted' }]);
    sends[0].answer();
    await ended;
    expect((await last)[0].outcome).toBe('accepted');
  });

  it('gives every record the partition of its key', async () => {
    const { batcher, sends } = open();
    const records = Array.from({ length: 50 }, (_, at) => textRecord(`key-${at}`, ''));
    void batcher.publish(records);
    await nextTick();
    for (const { record, partition } of sends[0].batch) {
      expect(partition).toBe(partitionOf(record.key, PARTITIONS));
    }
    sends[0].answer();
  });
});
