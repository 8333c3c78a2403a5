import type { BrokerHarness } from './broker-harness';
import { faultsConformance } from './faults.conformance';
import { publishingConformance } from './publishing.conformance';
import { readingConformance } from './reading.conformance';
import { sharingConformance } from './sharing.conformance';

export interface BrokerConformance {
  title: string;
  /** Makes an empty log of at least 3 partitions; called for each test. */
  open(): Promise<BrokerHarness>;
  /** Of one test. Default 60,000. */
  timeoutMs?: number;
}

/** What every pair of publisher and subscriber does; docs/guarantees.md G1, G2 and its traps say why. */
export function brokerConformance({ title, open, timeoutMs = 60_000 }: BrokerConformance): void {
  describe(title, () => {
    let opened: BrokerHarness;
    let made: { stop(): Promise<void> }[] = [];
    const kept = <T extends { stop(): Promise<void> }>(one: T): T => {
      made.push(one);
      return one;
    };
    const harness = (): BrokerHarness => ({
      ...opened,
      publisher: () => kept(opened.publisher()),
      subscriber: () => kept(opened.subscriber()),
    });
    beforeEach(async () => {
      opened = await open();
      made = [];
    }, timeoutMs);
    afterEach(async () => {
      await Promise.all(made.map((one) => one.stop())); // a test that failed leaves them running
      await opened.close();
    }, timeoutMs);
    jest.setTimeout(timeoutMs);

    describe('publishing', () => publishingConformance(harness));
    describe('reading', () => readingConformance(harness));
    describe('sharing', () => sharingConformance(harness));
    describe('faults', () => faultsConformance(harness));
  });
}
