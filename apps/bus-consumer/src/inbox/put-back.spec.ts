import type { EventInbox, InboxBatch } from '@bus/store';
import { Expressions } from '@bus/domain';
import { openStages } from '../testing/stages';
import { BatchPlanner } from './batch-planner';
import { EventIntake } from './event-intake';
import { BatchIngest } from './batch-ingest';
import { InboxRecord } from './inbox-record';

/** A store that can be put back to an older state, as by a failover that lost commits. */
class PutBackInbox {
  position = 1000n;
  readonly ingested: bigint[][] = [];
  failsOnce = false;

  async positions(_logId: string, starts: ReadonlyMap<number, bigint>): Promise<Map<number, bigint>> {
    return new Map([...starts.keys()].map((partition) => [partition, this.position]));
  }

  async ingest({ start, next }: InboxBatch) {
    if (this.failsOnce) {
      this.failsOnce = false;
      throw new Error('terminating connection');
    }
    if (start !== this.position) return { outcome: 'moved', position: this.position };
    this.ingested.push([start, next]);
    this.position = next;
    return { outcome: 'stored', started: [], fresh: 0, repeated: 0, quarantined: 0 };
  }
}

describe(EventIntake, () => {
  const LOG = 'kafka:one/events';
  const open = async () => {
    const stages = await openStages([{ name: 'sms.send' }]);
    const { graphs, inHand, session, dispatcher, metrics, time } = stages;
    const inbox = new PutBackInbox();
    const record = new InboxRecord(metrics, session.hints, time.clock, time);
    const planner = new BatchPlanner(graphs, new Expressions(() => 0), inHand);
    const port = inbox as unknown as EventInbox;
    const ingest = new BatchIngest(port, session, planner, dispatcher, record);
    const intake = new EventIntake(port, session, record, ingest);
    const receive = (start: bigint, nextOffset: bigint) =>
      intake.receive({ logId: LOG, partition: 0, start, records: [], nextOffset, logStart: 0n });
    await intake.positions(LOG, new Map([[0, 0n]]));
    return { inbox, intake, receive };
  };

  it('never moves the position past records that a store, put back while a batch failed, has forgotten', async () => {
    const { inbox, receive } = await open();
    inbox.failsOnce = true;
    await expect(receive(1000n, 1050n)).rejects.toThrow('terminating connection');
    inbox.position = 800n;
    expect(await receive(1000n, 1050n)).toEqual({ outcome: 'seek', offset: 800n });
    expect(await receive(800n, 850n)).toEqual({ outcome: 'stored' });
    expect(inbox.ingested).toEqual([[800n, 850n]]);
  });

  it('goes back where the store was put back between two batches', async () => {
    const { inbox, receive } = await open();
    inbox.position = 800n;
    expect(await receive(1000n, 1050n)).toEqual({ outcome: 'seek', offset: 800n });
    expect(inbox.ingested).toEqual([]);
  });

  it('passes over what is stored already', async () => {
    const { receive } = await open();
    expect(await receive(900n, 1050n)).toEqual({ outcome: 'seek', offset: 1000n });
  });
});
