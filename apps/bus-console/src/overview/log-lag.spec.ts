import { LogEnds } from '@bus/broker';
import { BusError } from '@bus/contracts';
import { lagOf, LogLag } from './log-lag';

const logId = 'postgres:one';
const bounds = new Map([
  [1, { start: 5n, end: 9007199254740993n }],
  [0, { start: 0n, end: 10n }],
]);

/** A log that answers as it is told. */
class ToldEnds extends LogEnds {
  stopped = false;
  constructor(readonly read: LogEnds['read']) {
    super();
  }
  async stop(): Promise<void> {
    this.stopped = true;
  }
}

describe(lagOf, () => {
  it('is the end minus the position, in all and by partition, exact beyond 2⁵³', () => {
    const positions = [
      { logId, partition: 0, nextOffset: '4' },
      { logId, partition: 1, nextOffset: '9007199254740992' },
    ];
    expect(lagOf({ logId, bounds }, positions)).toEqual({
      logId,
      fault: null,
      lag: '7',
      partitions: [
        { partition: 0, end: '10', position: '4', lag: '6' },
        { partition: 1, end: '9007199254740993', position: '9007199254740992', lag: '1' },
      ],
    });
  });

  it('counts a partition that was never read from its start, and no position of another log', () => {
    const positions = [{ logId: 'kafka:two/events', partition: 0, nextOffset: '9' }];
    expect(lagOf({ logId, bounds: new Map([[0, { start: 3n, end: 10n }]]) }, positions)).toMatchObject({
      lag: '7',
      partitions: [{ position: null, lag: '7' }],
    });
  });

  it('is never below 0', () => {
    const positions = [{ logId, partition: 0, nextOffset: '12' }];
    expect(lagOf({ logId, bounds: new Map([[0, { start: 0n, end: 10n }]]) }, positions)).toMatchObject({
      lag: '0',
    });
  });
});

describe(LogLag, () => {
  it('tells what is wrong with the broker in place of a lag', async () => {
    const away = new LogLag(
      new ToldEnds(() => Promise.reject(new BusError({ code: 'unavailable', message: 'Kafka is away' }))),
    );
    expect(await away.read([])).toEqual({ fault: 'Kafka is away' });
  });

  it('waits 2 s for the broker and not longer', async () => {
    jest.useFakeTimers();
    const reading = new LogLag(new ToldEnds(() => new Promise(() => undefined))).read([]);
    await jest.advanceTimersByTimeAsync(2_000);
    jest.useRealTimers();
    expect(await reading).toEqual({ fault: 'the broker gave no answer in 2000 ms' });
  });

  it('closes its connection when the app stops', async () => {
    const ends = new ToldEnds(async () => ({ logId, bounds }));
    await new LogLag(ends).onApplicationShutdown();
    expect(ends.stopped).toBe(true);
  });
});
