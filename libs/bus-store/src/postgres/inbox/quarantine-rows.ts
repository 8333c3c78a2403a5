import type { PoolClient } from 'pg';
import type { RecordFault } from '@bus/domain';
import type { InboxBatch, PlannedEvent, QuarantinedRecord } from '../../event-inbox';
import { named } from '../connection';
import { bytesArray, plainArray, textArray } from '../array-literal';

/** Longest text for people, in characters. */
const MAX_DETAIL = 500;
/** What `timestamptz` takes, in ms since the epoch: year 1 to a JavaScript date's last one. */
const FIRST_MS = -62_135_596_800_000;
const LAST_MS = 8_640_000_000_000_000;

const STORE = named(
  'inbox.step.quarantine',
  `insert into bus.quarantine (log_id, partition, broker_offset, fault, detail, key, value, headers, appended_at)
   select $1, $2, r.broker_offset, r.fault, r.detail, r.key, r.value, r.headers::jsonb,
          to_timestamp(r.appended_ms / 1000)
     from unnest($3::bigint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[], $8::text[], $9::float8[])
       as r(broker_offset, fault, detail, key, value, headers, appended_ms)
    order by r.broker_offset
   on conflict (log_id, partition, broker_offset) do nothing`,
);

/** A record that was decoded, but cannot be stored, and those that repeat it: each is kept. */
export function quarantineOf(
  { record, twins = [] }: PlannedEvent,
  fault: RecordFault,
  detail: string,
): QuarantinedRecord[] {
  return [record, ...twins].map((one) => ({ record: one, fault, detail }));
}

/** Keeps records raw. Nothing in them can make this fail: a partition never stops because of one record. */
export async function storeQuarantine(
  client: PoolClient,
  batch: Pick<InboxBatch, 'logId' | 'partition'>,
  quarantined: readonly QuarantinedRecord[],
): Promise<void> {
  if (quarantined.length === 0) return;
  await client.query(
    STORE([
      batch.logId,
      batch.partition,
      plainArray(quarantined.map(({ record }) => record.offset)),
      textArray(quarantined.map(({ fault }) => fault)),
      textArray(quarantined.map(({ detail }) => storableText(detail).slice(0, MAX_DETAIL))),
      bytesArray(quarantined.map(({ record }) => record.key)),
      bytesArray(quarantined.map(({ record }) => record.value)),
      textArray(quarantined.map(({ record }) => headersJson(record.headers))),
      plainArray(quarantined.map(({ record }) => storableMs(record.appendedAt))),
    ]),
  );
}

/** `[name, value in base64]` in order; a name that Postgres could not hold stands there as `base64:…` itself. */
function headersJson(headers: QuarantinedRecord['record']['headers']): string {
  return JSON.stringify(
    headers.map(([name, value]) => [
      name === storableText(name) ? name : `base64:${Buffer.from(name, 'utf8').toString('base64')}`,
      value.toString('base64'),
    ]),
  );
}

/** Postgres holds neither NUL nor lone surrogates. */
function storableText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '\uFFFD');
}

function storableMs(at: Date): number {
  const ms = at.getTime();
  return Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, FIRST_MS), LAST_MS);
}
