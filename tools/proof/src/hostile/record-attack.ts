import { randomBytes } from 'node:crypto';
import { createPublisher, type OutgoingRecord } from '@bus/broker';
import { encodeRecord, newEventId } from '@bus/domain';
import type { Violation } from '../layer';
import type { SeededRandom } from '../random';
import type { Stage } from '../stage/stage';
import { goodEvent, spoiltBytes, spoiltJson } from './hostile-text';

const BATCH = 200;
const READ_WITHIN_MS = 300_000;
const HEADERS = [
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_partitionkey',
  'ce_deliverat',
  'ce_eventid',
  'traceparent',
  'content-type',
];
const VALUES = [
  '',
  ' ',
  'null',
  '-1',
  '\u0001',
  '2026-13-45',
  'Ünïcode',
  'x'.repeat(5000),
  '99999999999999999999',
];

/** Writes records as a foreign writer may make them: each has to end as an event or in quarantine, none may block. */
export async function appendHostileRecords(
  stage: Stage,
  records: number,
  random: SeededRandom,
  signal: AbortSignal,
): Promise<{ appended: number; quarantined: number; violations: Violation[] }> {
  const publisher = createPublisher({ broker: 'postgres', databaseUrl: stage.databaseUrl });
  await publisher.start();
  try {
    await untilRead(stage, signal);
    const before = await storedOf(stage);
    const run = Date.now().toString(36); // a repeated part finds the events of the one before it
    for (let from = 0; from < records && !signal.aborted; from += BATCH) {
      const batch = Array.from({ length: Math.min(BATCH, records - from) }, (_, at) =>
        hostileRecord(`${run}-${from + at}`, random),
      );
      for (const { outcome } of await publisher.publish(batch))
        if (outcome !== 'accepted') throw new Error(`a record could not be written: ${outcome}`);
    }
    const isRead = await untilRead(stage, signal);
    const after = await storedOf(stage);
    const [events, quarantined] = [after.events - before.events, after.quarantined - before.quarantined];
    const violations: Violation[] = [];
    const note = (detail: string) => violations.push({ rule: 'T6', detail, repeat: 'records' });
    if (!isRead) note(`the consumer has not read to the end of the log within ${READ_WITHIN_MS / 1000} s`);
    if (events + quarantined !== records)
      note(`${records} records became ${events} events and ${quarantined} rows of quarantine`);
    return { appended: records, quarantined, violations };
  } finally {
    await publisher.stop();
  }
}

/** Each with content of its own, so that no two are one event published twice. */
function hostileRecord(name: string, random: SeededRandom): OutgoingRecord {
  const messageId = `record-${name}`;
  const nowMs = Date.now();
  const good = encodeRecord({
    eventId: newEventId({ nowMs, random: randomBytes(16) }),
    source: 'hostile-log',
    messageId,
    type: 'hostile.logged',
    key: null,
    payload: goodEvent(messageId),
    occurredAt: new Date(nowMs).toISOString(),
    deliverAt: null,
    traceparent: null,
  });
  const headers: Record<string, string> = { ...good.headers };
  for (let changes = random.int(4); changes > 0; changes--) {
    const name = random.pick(HEADERS);
    if (random.chance(0.4)) delete headers[name];
    else headers[name] = random.pick(VALUES);
  }
  const text = good.value.toString();
  const value = random.chance(0.3)
    ? spoiltBytes(text, random)
    : random.chance(0.5)
      ? Buffer.from(spoiltJson(text, random))
      : good.value;
  return { ...good, headers, value };
}

async function storedOf(stage: Stage): Promise<{ events: number; quarantined: number }> {
  const { rows } = await stage.pool.query<{ events: number; quarantined: number }>(
    `select (select count(*) from bus.event)::int as events, (select count(*) from bus.quarantine)::int as quarantined`,
  );
  return rows[0];
}

/** @returns whether every position has reached the end of its partition in time */
async function untilRead(stage: Stage, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + READ_WITHIN_MS;
  while (performance.now() < deadline && !signal.aborted) {
    const { rows } = await stage.pool.query<{ behind: number }>(
      `select coalesce(sum(p.next_offset - coalesce(o.next_offset, 0)), 0)::int as behind
         from bus_broker.partition p
         left join bus.consumer_offset o on o.partition = p.partition and o.log_id like 'postgres:%'`,
    );
    if (rows[0].behind === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
