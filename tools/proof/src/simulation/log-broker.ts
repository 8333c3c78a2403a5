import type { IncomingRecord, OutgoingRecord } from '@bus/domain';
import { murmur2 } from '@bus/domain';
import type { SeededRandom } from '../random';
import type { RunTrace } from './run-trace';
import type { VirtualTime } from './virtual-time';
import { EPOCH_MS } from './process-run';

/** A group member that answers nothing for so long is taken out. */
const SESSION_MS = 6000;
/** A rebalance is known to everybody within this; who is told last still reads what others have already. */
const TOLD_WITHIN_MS = 2500;

/** Who reads the log; told of its partitions through its own process. */
export interface LogMember {
  /** `kept`: readers of partitions that it had before go on. */
  assigned(partitions: readonly number[], kept: boolean): void;
  /** A record has come in. */
  wake(partition: number): void;
  isAnswering(): boolean;
}

interface Partition {
  records: IncomingRecord[];
  end: bigint;
}

/** A partitioned log with one group of readers: appends, fetches, rebalances, offset hints. */
export class LogBroker {
  readonly logId = 'simulated:one-log';
  readonly partitions: Partition[];
  /** Nothing is appended or fetched. */
  isDown = false;
  /** Offsets that readers have committed: a hint, nothing more. */
  readonly hints = new Map<number, bigint>();
  private readonly members = new Set<LogMember>();
  private generation = 0;

  constructor(
    count: number,
    private readonly time: VirtualTime,
    private readonly random: SeededRandom,
    private readonly trace: RunTrace,
  ) {
    this.partitions = Array.from({ length: count }, () => ({ records: [], end: 0n }));
  }

  append({
    key,
    value,
    headers,
  }: {
    key: string | null;
    value: Buffer | null;
    headers: OutgoingRecord['headers'];
  }): void {
    const bytes = Buffer.from(key ?? '');
    const number = (murmur2(bytes) & 0x7fffffff) % this.partitions.length;
    const partition = this.partitions[number];
    // Control records leave gaps.
    if (this.random.chance(0.05)) partition.end += BigInt(this.random.between(1, 3));
    partition.records.push({
      partition: number,
      offset: partition.end,
      key: key === null ? null : bytes,
      value,
      headers: Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]),
      appendedAt: new Date(EPOCH_MS + Math.floor(this.time.nowMs)),
    });
    this.trace.add(this.time.nowMs, `append ${number}@${partition.end} ${headers.ce_id}`);
    partition.end += 1n;
    for (const member of this.members) member.wake(number);
  }

  /** Records from an offset on, ≤ `most`, and where the next fetch begins. */
  read(number: number, from: bigint, most: number): { records: IncomingRecord[]; nextOffset: bigint } {
    const { records, end } = this.partitions[number];
    let first = records.length;
    while (first > 0 && records[first - 1].offset >= from) first--;
    const found = records.slice(first, first + most);
    const isAll = first + found.length === records.length;
    return { records: found, nextOffset: isAll ? end : found[found.length - 1].offset + 1n };
  }

  join(member: LogMember): void {
    this.members.add(member);
    this.rebalance();
    this.watch(member);
  }

  leave(member: LogMember): void {
    if (this.members.delete(member)) this.rebalance();
  }

  /** Whether it is still taken for a member; one that was taken out has to join again. */
  has(member: LogMember): boolean {
    return this.members.has(member);
  }

  /** Deals the partitions out anew. Old generations learn of it later than new ones: their handlers run on. */
  rebalance(): void {
    const generation = ++this.generation;
    const members = this.random.shuffled([...this.members]);
    const kept = this.random.chance(0.5);
    const shift = this.random.int(members.length || 1);
    for (const [rank, member] of members.entries()) {
      const mine = this.partitions
        .map((_, number) => number)
        .filter((number) => (number + shift) % members.length === rank);
      this.time.after(this.random.int(TOLD_WITHIN_MS), () => {
        if (this.generation === generation) member.assigned(mine, kept);
      });
    }
    this.trace.add(this.time.nowMs, `rebalance ${generation} of ${members.length}`);
  }

  private watch(member: LogMember): void {
    let silentMs = 0;
    const everyMs = 1000;
    const look = () => {
      if (!this.members.has(member)) return;
      silentMs = member.isAnswering() ? 0 : silentMs + everyMs;
      if (silentMs >= SESSION_MS) this.leave(member);
      else this.time.after(everyMs, look);
    };
    this.time.after(everyMs, look);
  }
}
