import { RECORD_HEADER } from '@bus/contracts';
import type { QueryConfig } from 'pg';
import type { QueuedRecord } from '../record-batcher';

/** Subscribers that sleep listen here; the payload names the partitions that grew. */
export const WAKE_CHANNEL = 'bus_broker';

/**
 * Appends a batch: offsets are taken under the partition rows' locks, taken in ascending order. Keys, headers and
 * values come as one binary parameter and are cut out of it here: text arrays would have to be quoted and escaped.
 * Only where a member sleeps a notification goes with the commit, one for all records.
 */
const APPEND = `
with grown as (
  select * from unnest($1::integer[], $2::integer[]) as g(partition, count)),
locked as materialized (
  select p.partition from bus_broker.partition p join grown using (partition) order by p.partition for update of p),
base as (
  update bus_broker.partition p set next_offset = p.next_offset + g.count
    from locked l join grown g using (partition)
   where p.partition = l.partition
  returning p.partition, p.next_offset - g.count as "offset"),
stored as (
  insert into bus_broker.record (partition, "offset", key, headers, value)
  select r.partition, b."offset" + r.place,
         convert_from(substring($8::bytea from r.at for r.key_bytes), 'UTF8'),
         convert_from(substring($8::bytea from r.at + r.key_bytes for r.header_bytes), 'UTF8'),
         substring($8::bytea from r.at + r.key_bytes + r.header_bytes for r.value_bytes)
    from unnest($3::integer[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $9::integer[])
      as r(partition, place, at, key_bytes, header_bytes, value_bytes) join base b using (partition)),
woken as materialized (
  select pg_notify('${WAKE_CHANNEL}', array_to_string($1::integer[], ','))
   where exists (select from bus_broker.member where sleeping))
select partition, "offset", (select count(*) from woken) as woken from base`;

/** The one statement of a flush. It answers the first offset of each partition. */
export function appendStatement(batch: readonly QueuedRecord[]): QueryConfig {
  const counts = new Map<number, number>();
  const heads = batch.map(({ record }) => record.key + headersText(record.headers));
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
  return {
    name: 'bus_broker_append',
    text: APPEND,
    values: [
      integers(partitions),
      integers(partitions.map((partition) => counts.get(partition) as number)),
      integers(columns.partition),
      integers(columns.place),
      integers(columns.at),
      integers(columns.key),
      integers(columns.headers),
      bytes.subarray(0, at - 1),
      integers(columns.value),
    ],
  };
}

/** Room for the batch: a UTF-16 unit takes three bytes at most. */
function mostBytes(batch: readonly QueuedRecord[], heads: readonly string[]): number {
  let most = 0;
  for (let index = 0; index < batch.length; index++)
    most += 3 * heads[index].length + batch[index].record.value.length;
  return most;
}

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** What stands before the values of the bus's own headers. */
const OPENINGS = new Map<string, string>(Object.values(RECORD_HEADER).map((name) => [name, opening(name)]));

/** `JSON.stringify(Object.entries(headers))`, at half its cost where values are plain, as nearly all are. */
function headersText(headers: Record<string, string>): string {
  let text = '[';
  for (const name of Object.keys(headers)) {
    if (text !== '[') text += ',';
    const value = headers[name];
    text += (OPENINGS.get(name) ?? opening(name)) + (PLAIN.test(value) ? value : escaped(value)) + '"]';
  }
  return text + ']';
}

function opening(name: string): string {
  return `["${escaped(name)}","`;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** As PostgreSQL's text literal: the driver would quote and escape each number. */
function integers(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}
