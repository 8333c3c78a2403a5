import { version } from 'uuid';
import { derivedEventId, eventIdTimeMs, identityOf, newEventId } from './event-id';

const RANDOM = Uint8Array.from({ length: 16 }, (_, at) => at * 7);
const NOW = Date.parse('2026-03-01T12:00:00.123Z');

describe(newEventId.name, () => {
  it('makes a UUIDv7 that carries the time', () => {
    const id = newEventId({ nowMs: NOW, random: RANDOM });
    expect(version(id)).toBe(7);
    expect(eventIdTimeMs(id)).toBe(NOW);
  });

  it('sorts by time as text', () => {
    const earlier = newEventId({ nowMs: NOW, random: new Uint8Array(16).fill(255) });
    const later = newEventId({ nowMs: NOW + 1, random: new Uint8Array(16) });
    expect(earlier < later).toBe(true);
  });

  it('keeps within what a UUIDv7 can carry', () => {
    expect(eventIdTimeMs(newEventId({ nowMs: -1, random: RANDOM }))).toBe(0);
    expect(eventIdTimeMs(newEventId({ nowMs: 2 ** 50, random: RANDOM }))).toBe(2 ** 48 - 1);
  });
});

describe(derivedEventId.name, () => {
  const record = { logId: 'kafka:c/t', partition: 3, offset: 9007199254740993n, appendedAt: new Date(NOW) };

  it('is the same at every redelivery', () => {
    expect(derivedEventId({ ...record, appendedAt: new Date(NOW) })).toBe(derivedEventId(record));
    expect(eventIdTimeMs(derivedEventId(record))).toBe(NOW);
  });

  it('differs by log, partition, offset and append time', () => {
    const ids = [
      record,
      { ...record, logId: 'kafka:d/t' },
      { ...record, partition: 4 },
      { ...record, offset: record.offset + 1n },
      { ...record, appendedAt: new Date(NOW + 1) },
    ].map(derivedEventId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe(eventIdTimeMs.name, () => {
  it.each([
    ['another version', '6ba7b810-9dad-41d1-80b4-00c04fd430c8'],
    ['another variant', '0195511d-2f2b-7000-0000-000000000000'],
    ['upper case', '0195511D-2F2B-7000-8000-000000000000'],
    ['no UUID', 'order-1'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(eventIdTimeMs(text)).toBeNull();
  });
});

describe(identityOf.name, () => {
  it('is the first 16 bytes of SHA-256 of source, 0x00 and message id', () => {
    // printf 'payments\0order-1' | sha256sum
    expect(identityOf('payments', 'order-1')).toBe('23a6add5-e970-35bc-ad2f-45b6a57276cf');
  });

  it('does not mistake one border between source and message id for another', () => {
    expect(identityOf('a', 'bc')).not.toBe(identityOf('ab', 'c'));
  });
});
