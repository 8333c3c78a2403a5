import type { BrokerPublisher, LogEnds, LogSpan, LogSpanReader, OutgoingRecord, SpanPage } from '@bus/broker';
import { decodeRecord, type DecodedRecord, type FaultyRecord, type IncomingRecord } from '@bus/domain';
import type { LogReconciliation, RecordEnd } from '@bus/store';

/** A record before the stored position that is neither stored nor explained. */
export interface LogGap {
  partition: number;
  offset: bigint;
  kind: Extract<RecordEnd, 'missing' | 'other_content' | 'event_missing'>;
  detail: string;
  /** What `repair` did; `null`: nothing, or it was not asked to. */
  repaired: string | null;
}

export interface PartitionReport {
  partition: number;
  /** Looked at: from the log's start up to the stored position. */
  from: bigint;
  to: bigint;
  /** Records that are still to be read by bus-consumer. */
  lag: bigint;
  ends: Record<RecordEnd, number>;
  /** A stored position that the log does not hold; `null`: it does. */
  outside: string | null;
}

export interface LogReport {
  logId: string;
  partitions: PartitionReport[];
  /** The first 100; `ends` counts all. */
  gaps: LogGap[];
}

export interface LogParts {
  ends: LogEnds;
  spans: LogSpanReader;
  store: LogReconciliation;
  /** Given: gaps are mended. */
  publisher?: BrokerPublisher;
}

const MOST_GAPS = 100;
const GAPS: ReadonlySet<RecordEnd> = new Set<RecordEnd>(['missing', 'other_content', 'event_missing']);
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

type Decoded = DecodedRecord | FaultyRecord;

/**
 * Whether each record that the log still holds before the stored position was stored, or is explained: as a twin, by a
 * cancel that came first, or in quarantine. One page of records is in memory at a time.
 * @param onPage called after each page with the records looked at so far
 * @throws BrokerUnavailableError, or the driver's error where Postgres is away
 */
export async function reconcileLog(
  parts: LogParts,
  onPage: (records: number) => void = () => undefined,
): Promise<LogReport> {
  const { logId, bounds } = await parts.ends.read();
  const positions = await parts.store.positions(logId);
  const reports = [...bounds]
    .sort(([a], [b]) => a - b)
    .map(([partition, held]) => toReport(partition, held, positions.get(partition)));
  const run = new LogRun(logId, parts, reports);
  let seen = 0;
  const spans: LogSpan[] = reports.map(({ partition, from, to }) => ({ partition, from, to }));
  await parts.spans.read(spans, async (page) => {
    await run.take(page);
    seen += page.records.length;
    onPage(seen);
  });
  return { logId, partitions: reports, gaps: run.gaps };
}

/** True where a record is neither stored nor explained, mended or not. */
export function hasLogFaults({ partitions }: LogReport): boolean {
  return partitions.some(
    ({ ends, outside }) => outside !== null || ends.missing + ends.other_content + ends.event_missing > 0,
  );
}

class LogRun {
  readonly gaps: LogGap[] = [];
  private readonly byPartition: ReadonlyMap<number, PartitionReport>;

  constructor(
    private readonly logId: string,
    private readonly parts: LogParts,
    reports: readonly PartitionReport[],
  ) {
    this.byPartition = new Map(reports.map((report) => [report.partition, report]));
  }

  async take({ partition, records }: SpanPage): Promise<void> {
    const decoded = records.map((record): Decoded => decodeRecord(record, { logId: this.logId }));
    const ends = await this.parts.store.explain(
      this.logId,
      records.map((record, at) => ({ partition, offset: record.offset, event: eventOf(decoded[at]) })),
    );
    for (const [at, record] of records.entries()) {
      const end = ends[at];
      const report = this.byPartition.get(partition);
      if (report) report.ends[end] += 1;
      if (GAPS.has(end)) await this.gap(record, decoded[at], end as LogGap['kind']);
    }
  }

  private async gap(record: IncomingRecord, decoded: Decoded, kind: LogGap['kind']): Promise<void> {
    const { partition, offset } = record;
    const repaired = this.parts.publisher ? await this.repair(record, decoded, kind) : null;
    if (this.gaps.length < MOST_GAPS)
      this.gaps.push({ partition, offset, kind, detail: detailOf(decoded), repaired });
  }

  /** One after another, so that the gaps of a key keep their order. */
  private async repair(
    record: IncomingRecord,
    decoded: Decoded,
    kind: LogGap['kind'],
  ): Promise<string | null> {
    const { partition, offset } = record;
    if (kind === 'event_missing') return null; // published again it would be a twin of what is not there
    if ('fault' in decoded || kind === 'other_content') {
      const fault =
        'fault' in decoded
          ? decoded
          : {
              fault: 'identity_conflict' as const,
              detail: 'another content was stored under its message id',
            };
      await this.parts.store.keep(this.logId, partition, [{ record, ...fault }]);
      return `put into quarantine as ${fault.fault}`;
    }
    const [result] = (await this.parts.publisher?.publish([rawAgain(record, decoded)])) ?? [];
    if (result?.outcome === 'accepted') return `published again at ${result.partition} ${result.offset}`;
    throw new Error(
      `offset ${offset} of partition ${partition} was not surely published again; run it again once the broker is well`,
      { cause: result?.cause },
    );
  }
}

/**
 * The record as it was: same key, value and headers. Of repeated headers the first counts, as for whoever reads it; one
 * that is no text, which the bus does not read, is left out.
 */
export function rawAgain(record: IncomingRecord, { event }: DecodedRecord): OutgoingRecord {
  const headers: Record<string, string> = {};
  for (const [name, value] of record.headers) {
    const text = textOf(value);
    if (text !== null) headers[name] ??= text;
  }
  return {
    key: event.key ?? event.messageId,
    value: record.value ?? Buffer.from(event.payload, 'utf8'),
    headers,
  };
}

function toReport(
  partition: number,
  { start, end }: { start: bigint; end: bigint },
  position: bigint | undefined,
): PartitionReport {
  const reached = position ?? start;
  const to = reached > end ? end : reached < start ? start : reached;
  const ends: PartitionReport['ends'] = {
    stored: 0,
    twin: 0,
    cancelled: 0,
    quarantined: 0,
    missing: 0,
    other_content: 0,
    event_missing: 0,
  };
  return { partition, from: start, to, lag: end - to, ends, outside: outsideOf(reached, start, end) };
}

function outsideOf(position: bigint, start: bigint, end: bigint): string | null {
  if (position < start) return `stored up to ${position}, but the log begins at ${start}: records are lost`;
  if (position > end) return `stored up to ${position}, but the log ends at ${end}: it was cut or replaced`;
  return null;
}

function eventOf(decoded: Decoded): { identity: string; contentHash: Buffer } | null {
  return 'fault' in decoded ? null : decoded;
}

function detailOf(decoded: Decoded): string {
  if ('fault' in decoded) return `${decoded.fault}: ${decoded.detail}`;
  const { type, source, messageId } = decoded.event;
  return `${type} ${messageId} of ${source}`;
}

function textOf(bytes: Buffer): string | null {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return null;
  }
}
