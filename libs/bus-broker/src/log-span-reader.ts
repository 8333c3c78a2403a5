import type { IncomingRecord } from './broker-record';

/** Offsets of one partition: `from` included, `to` excluded. */
export interface LogSpan {
  partition: number;
  from: bigint;
  to: bigint;
}

/** Consecutive records of a span, ascending. Control records and aborted transactions leave gaps. */
export interface SpanPage {
  partition: number;
  records: readonly IncomingRecord[];
  /** Everything before it has been handed over. */
  next: bigint;
}

/** Takes one page; the next one of its partition comes once it has resolved. */
export type PageTaker = (page: SpanPage) => Promise<void>;

/** Port: reads parts of the log again, beside its subscribers: no position and no assignment is touched. */
export abstract class LogSpanReader {
  /**
   * Reads every span to its end, a page (at most 500 records) at a time in memory.
   * @throws BrokerUnavailableError where the broker brings nothing for 30 s; whatever `take` throws
   */
  abstract read(spans: readonly LogSpan[], take: PageTaker): Promise<void>;
  /** Closes what `read` opened. */
  abstract stop(): Promise<void>;
}
