import type { QueryConfig } from 'pg';
import type { QueuedRecord } from '../record-batcher';
import { tell } from './notification';
import { headersText } from './record-headers';

/** Subscribers that sleep listen here; `readNotification` reads the payload. */
export const WAKE_CHANNEL = 'bus_broker';

/**
 * Appends a batch: offsets are taken under the partition rows' locks, taken in ascending order. Keys, headers and
 * values come as one binary parameter and are cut out of it here: text arrays would have to be quoted and escaped.
 * Only where a member sleeps a notification goes with the commit, one for all records; few and small ones go with it,
 * sealed with a key that only readers of the log's tables know: anybody may notify.
 */
const APPEND = `
with moment as materialized (select clock_timestamp() as at),
grown as (
  select * from unnest($1::integer[], $2::integer[]) as g(partition, count)),
locked as materialized (
  select p.partition from bus_broker.partition p join grown using (partition) order by p.partition for update of p),
base as (
  update bus_broker.partition p set next_offset = p.next_offset + g.count
    from locked l join grown g using (partition)
   where p.partition = l.partition
  returning p.partition, p.next_offset - g.count as "offset"),
stored as (
  insert into bus_broker.record (partition, "offset", key, headers, value, appended_at)
  select r.partition, b."offset" + r.place,
         convert_from(substring($8::bytea from r.at for r.key_bytes), 'UTF8'),
         convert_from(substring($8::bytea from r.at + r.key_bytes for r.header_bytes), 'UTF8'),
         substring($8::bytea from r.at + r.key_bytes + r.header_bytes for r.value_bytes),
         (select at from moment)
    from unnest($3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $9::integer[])
      as r(partition, place, at, key_bytes, header_bytes, value_bytes) join base b using (partition)),
told as materialized (
  select notify_key::text as key,
         array_to_string($1::integer[], ',') || E'\\n' || (select extract(epoch from at) * 1000 from moment)
           || (select string_agg(',' || "offset", '' order by partition) from base) || E'\\n' || $10::text as text
    from bus_broker.log where $10::text is not null),
woken as materialized (
  select pg_notify('${WAKE_CHANNEL}', coalesce(
           (select encode(sha256(convert_to(key || text || key, 'UTF8')), 'hex') || E'\\n' || text from told),
           array_to_string($1::integer[], ',')))
   where exists (select from bus_broker.member where sleeping))
select partition, "offset", (select count(*) from woken) as woken from base`;

/**
 * The same for a single record: without arrays and bytes to cut up it takes two thirds of the time, most of which
 * PostgreSQL needs to start a plan. $1 partition · $2 key · $3 headers · $4 value · $5 the record as it is told, or null
 */
const APPEND_ONE = `
with base as (
  update bus_broker.partition set next_offset = next_offset + 1 where partition = $1
  returning partition, next_offset - 1 as "offset", clock_timestamp() as at),
stored as (
  insert into bus_broker.record (partition, "offset", key, headers, value, appended_at)
  select partition, "offset", $2, $3, $4, at from base)
select partition, "offset", (
  select count(*) from pg_notify('${WAKE_CHANNEL}', case when $5::text is null then $1::text else (
           select encode(sha256(convert_to(key || text || key, 'UTF8')), 'hex') || E'\\n' || text
             from (select notify_key::text as key,
                          $1::text || E'\\n' || extract(epoch from at) * 1000 || ',' || "offset" || E'\\n' || $5::text as text
                     from bus_broker.log) told) end)
   where exists (select from bus_broker.member where sleeping)) as woken
  from base`;

/**
 * The one statement of a flush. It answers the first offset of each partition, and whether anybody was woken.
 * @param tells whether small records go with the notification
 */
export function appendStatement(batch: readonly QueuedRecord[], tells: boolean): QueryConfig {
  const headers = batch.map(({ record }) => headersText(record.headers));
  const told = tells ? tell(batch, headers) : null;
  if (batch.length > 1)
    return { name: 'bus_broker_append', text: APPEND, values: [...columnsOf(batch, headers), told] };
  const [{ record, partition }] = batch;
  const values = [partition, record.key, headers[0], record.value, told];
  return { name: 'bus_broker_append_one', text: APPEND_ONE, values };
}

function columnsOf(batch: readonly QueuedRecord[], headers: readonly string[]): unknown[] {
  const counts = new Map<number, number>();
  const heads = batch.map(({ record }, at) => record.key + headers[at]);
  const bytes = Buffer.allocUnsafe(mostBytes(batch, heads));
  const columns = { partition: [], place: [], at: [], key: [], headers: [], value: [] } as Record<
    string,
    number[]
  >;
  let at = 1; // SQL counts bytes from 1
  for (let index = 0; index < batch.length; index++) {
    const { record, partition } = batch[index];
    const keyBytes = Buffer.byteLength(record.key);
    const headBytes = bytes.write(heads[index], at - 1);
    bytes.set(record.value, at - 1 + headBytes);
    const place = counts.get(partition) ?? 0;
    counts.set(partition, place + 1);
    columns.partition.push(partition);
    columns.place.push(place);
    columns.at.push(at);
    columns.key.push(keyBytes);
    columns.headers.push(headBytes - keyBytes);
    columns.value.push(record.value.length);
    at += headBytes + record.value.length;
  }
  const partitions = [...counts.keys()].sort((a, b) => a - b);
  return [
    integers(partitions),
    integers(partitions.map((partition) => counts.get(partition) as number)),
    integers(columns.partition),
    integers(columns.place),
    integers(columns.at),
    integers(columns.key),
    integers(columns.headers),
    bytes.subarray(0, at - 1),
    integers(columns.value),
  ];
}

/** Room for the batch: a UTF-16 unit takes three bytes at most. */
function mostBytes(batch: readonly QueuedRecord[], heads: readonly string[]): number {
  let most = 0;
  for (let index = 0; index < batch.length; index++)
    most += 3 * heads[index].length + batch[index].record.value.length;
  return most;
}

/** As PostgreSQL's text literal: the driver would quote and escape each number. */
function integers(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}
