import Table from 'cli-table3';
import colours from 'picocolors';
import { AdminApi } from './admin-api';
import { plainText } from './plain-text';

/** Where a record stands in its log. */
export interface RecordPlace {
  logId: string;
  partition: string;
  offset: string;
}

interface RecordSummary {
  logId: string;
  partition: number;
  offset: string;
  fault: string;
  detail: string;
  quarantinedAt: string;
  reprocessedAt: string | null;
  reprocessedBy: string | null;
}

interface RecordView extends RecordSummary {
  keyBase64: string | null;
  valueBase64: string | null;
  headers: { name: string; valueBase64: string }[];
  resentAs: { source: string; messageId: string; actor: string; reason: string; linkedAt: string }[];
}

/** Shown of a value, in characters. */
const MOST_SHOWN = 2_000;

/** The newest records in quarantine, as text. @param limit 1 to 200 @throws AdminApiError */
export async function listQuarantine(consoleUrl: string, limit: number): Promise<string> {
  const { rows, nextCursor } = await new AdminApi(consoleUrl).get<{
    rows: RecordSummary[];
    nextCursor: string | null;
  }>(`/quarantine?limit=${limit}`);
  if (rows.length === 0) return 'Nothing is in quarantine.';
  const table = new Table({
    head: ['log', 'partition', 'offset', 'fault', 'detail', 'since', 'published again'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows)
    table.push([
      plainText(row.logId),
      String(row.partition),
      row.offset,
      row.fault,
      plainText(row.detail),
      row.quarantinedAt,
      row.reprocessedAt === null ? '' : plainText(`${row.reprocessedAt} by ${row.reprocessedBy}`),
    ]);
  return nextCursor === null ? table.toString() : `${table.toString()}\nThere are older ones: --limit.`;
}

/** One record with what can be shown of it, as text. @throws AdminApiError */
export async function showQuarantined(consoleUrl: string, place: RecordPlace): Promise<string> {
  const query = new URLSearchParams({ ...place });
  const record = await new AdminApi(consoleUrl).get<RecordView>(`/quarantine/record?${query.toString()}`);
  const value = bytesAsText(record.valueBase64);
  return [
    colours.bold(`${record.fault}: ${plainText(record.detail)}`),
    `in quarantine since ${record.quarantinedAt}`,
    ...(record.reprocessedAt === null
      ? []
      : [plainText(`published again at ${record.reprocessedAt} by ${record.reprocessedBy}`)]),
    ...record.resentAs.map(({ messageId, actor, reason, linkedAt }) =>
      plainText(`sent again as ${messageId} at ${linkedAt} by ${actor}: ${reason}`),
    ),
    `key: ${bytesAsText(record.keyBase64)}`,
    ...record.headers.map(({ name, valueBase64 }) => `${plainText(name)}: ${bytesAsText(valueBase64)}`),
    value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}… (${value.length} characters)` : value,
  ].join('\n');
}

/** Publishes it again. @throws AdminApiError where it is still faulty (422), or was published before (409) */
export async function reprocessQuarantined(
  consoleUrl: string,
  { logId, partition, offset }: RecordPlace,
  author: { actor: string; reason: string },
): Promise<string> {
  const path = ['quarantine', logId, partition, offset, 'reprocess'].map(encodeURIComponent).join('/');
  const answer = await new AdminApi(consoleUrl).post<{
    source: string;
    messageId: string;
    partition: number;
    offset: string;
  }>(`/${path}`, author);
  const name = plainText(`${answer.messageId} of ${answer.source}`);
  return `${name} was published again, at partition ${answer.partition}, offset ${answer.offset}.`;
}

function bytesAsText(base64: string | null): string {
  return base64 === null ? '(null)' : plainText(Buffer.from(base64, 'base64').toString('utf8'));
}
