import { Expressions } from '@bus/domain';
import type { EventInbox, InboxBatch, IngestOutcome, TogetherOutcome } from '@bus/store';
import { openStages } from '../testing/stages';
import { BatchIngest, type IntakeBatch } from './batch-ingest';
import { BatchPlanner } from './batch-planner';
import { InboxRecord } from './inbox-record';

const STORED = { outcome: 'stored' as const, started: [], fresh: 0, repeated: 0, quarantined: 0 };

/** Answers as it is told, and notes which partitions came in one transaction. */
class ToldInbox {
  readonly transactions: number[][] = [];
  together: TogetherOutcome | Error = STORED;
  readonly alone = new Map<number, IngestOutcome | Error>();

  async ingest({ partition }: InboxBatch): Promise<IngestOutcome> {
    this.transactions.push([partition]);
    return orThrow(this.alone.get(partition) ?? STORED);
  }

  async ingestTogether(batches: readonly InboxBatch[]): Promise<TogetherOutcome> {
    this.transactions.push(batches.map(({ partition }) => partition));
    return orThrow(this.together);
  }
}

function orThrow<T>(told: T | Error): T {
  if (told instanceof Error) throw told;
  return told;
}

describe(BatchIngest, () => {
  let inbox: ToldInbox;
  let ingest: BatchIngest;
  beforeEach(async () => {
    const { graphs, inHand, session, dispatcher, metrics, time } = await openStages([{ name: 'sms.send' }]);
    inbox = new ToldInbox();
    const planner = new BatchPlanner(graphs, new Expressions(() => 0), inHand);
    const record = new InboxRecord(metrics, session.hints, time.clock, time);
    ingest = new BatchIngest(inbox as unknown as EventInbox, session, planner, dispatcher, record);
  });

  const batch = (partition: number): IntakeBatch => ({
    batch: { logId: 'log', partition, start: 0n, records: [], nextOffset: 5n, logStart: 0n },
    start: 0n,
    decoded: { events: [], quarantined: [], twins: 0, nextOffset: 5n, rest: null },
    room: 0,
  });
  const three = () => ingest.store([batch(0), batch(1), batch(2)]);

  it('stores batches of several partitions in one transaction', async () => {
    expect((await three()).map(({ status }) => status)).toEqual(Array(3).fill('fulfilled'));
    expect(inbox.transactions).toEqual([[0, 1, 2]]);
  });

  it('stores each by itself where one is in the way, and tells each what came of it', async () => {
    inbox.together = { outcome: 'apart' };
    inbox.alone.set(1, { outcome: 'moved', position: 3n }).set(2, new Error('refused'));
    const [one, two, last] = await three();
    expect(inbox.transactions).toEqual([[0, 1, 2], [0], [1], [2]]);
    expect(one).toMatchObject({ value: { outcome: 'stored' } });
    expect(two).toMatchObject({ value: { outcome: 'moved', position: 3n } });
    expect(last).toMatchObject({ status: 'rejected', reason: { message: 'refused' } });
  });

  it('tries none by itself after a transaction of which nobody knows the end', async () => {
    inbox.together = new Error('terminating connection');
    await expect(three()).rejects.toThrow('terminating connection');
    expect(inbox.transactions).toEqual([[0, 1, 2]]);
  });
});
