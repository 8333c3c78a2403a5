import { createHash } from 'node:crypto';
import { readNotification, tell } from './notification';

const KEY = '0b0f6e1c-6f5e-4d0c-9a6e-2f3d8f0d1c11';

const queued = (partition: number, key: string, value: Buffer) => ({
  record: { key, value, headers: { ce_id: key } },
  partition,
  bytes: value.length + 100,
});

/** As the server writes it: see APPEND. */
function sent(partitions: string, bases: string, told: string, key = KEY): string {
  const text = `${partitions}\n${bases}\n${told}`;
  return `${createHash('sha256').update(`${key}${text}${key}`).digest('hex')}\n${text}`;
}

describe('a notification', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, n) => n));
  const batch = [
    queued(2, 'k "1"\n', Buffer.from('{}')),
    queued(5, '键', bytes),
    queued(2, 'k3', Buffer.alloc(0)),
  ];
  const told = () => tell(batch, ['[["ce_id","1"]]', '[]', '[]']) as string;

  it('brings records as they were published, with their offsets', () => {
    const { partitions, records } = readNotification(sent('2,5', '1764360000123.456,17,3', told()), KEY);
    expect(partitions).toEqual([2, 5]);
    expect(
      records.map(({ partition, offset, key, value }) => [partition, offset, String(key), value]),
    ).toEqual([
      [2, 17n, 'k "1"\n', Buffer.from('{}')],
      [5, 3n, '键', bytes],
      [2, 18n, 'k3', Buffer.alloc(0)],
    ]);
    expect(records[0]?.headers).toEqual([['ce_id', Buffer.from('1')]]);
    expect(records[0]?.appendedAt).toEqual(new Date(1764360000123));
  });

  it('wakes, and tells nothing, where its records did not fit', () => {
    expect(readNotification('2,5', KEY)).toEqual({ partitions: [2, 5], records: [] });
    expect(tell([queued(0, 'k', Buffer.alloc(6_000))], ['[]'])).toBeNull();
    expect(tell([queued(0, 'k', Buffer.alloc(2_000, 1))], ['[]'])).toBeNull(); // each byte takes six as JSON
  });

  it.each([
    ['another key', sent('2', '0,17', '[[2,0,"k","[]","{}"]]', 'another')],
    ['a changed record', sent('2', '0,17', '[[2,0,"k","[]","{}"]]').replace('{}', '{"amountCents":1}')],
    ['a changed offset', sent('2', '0,17', '[[2,0,"k","[]","{}"]]').replace('0,17', '0,99')],
    ['no seal', '\n2\n0,17\n[[2,0,"k","[]","{}"]]'],
    ['anything', 'what\never'],
    ['nothing', ''],
  ])('takes no record from %s', (_, payload) => {
    expect(readNotification(payload, KEY).records).toEqual([]);
  });
});
