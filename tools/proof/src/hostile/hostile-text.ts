import type { SeededRandom } from '../random';

/** Values that have broken parsers, databases and loggers before (bad-inputs: NUL, surrogates, numbers, keys, depth). */
const NASTY_VALUES: readonly string[] = [
  'null',
  'true',
  '0',
  '-0',
  '1e999',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '"\\u202e"',
  '[]',
  '{}',
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"a":1,"a":2}',
  `"${'x'.repeat(300)}"`,
  `${'['.repeat(40)}${']'.repeat(40)}`,
];

/** A well-formed publish request as JSON text. */
export function goodEvent(messageId: string): string {
  return JSON.stringify({
    messageId,
    source: 'hostile',
    type: 'hostile.seen',
    key: `user-${messageId.length}`,
    payload: { orderId: messageId, amountCents: 9900, note: '消息总线' },
  });
}

/** Text that is nearly JSON, or JSON that is nearly a request: one to four changes to a good one. */
export function spoiltJson(good: string, random: SeededRandom): string {
  let text = good;
  for (let changes = random.between(1, 4); changes > 0; changes--) text = spoilOnce(text, random);
  return text;
}

function spoilOnce(text: string, random: SeededRandom): string {
  const at = random.int(text.length + 1);
  switch (random.int(8)) {
    case 0: // some value is another one
      return text.replace(/:("[^"]*"|\d+)/g, (whole: string) =>
        random.chance(0.3) ? `:${random.pick(NASTY_VALUES)}` : whole,
      );
    case 1: // some key is another one
      return text.replace(/"(\w+)":/g, (whole: string) =>
        random.chance(0.2)
          ? `"${random.pick(['__proto__', 'constructor', 'toString', '', 'payload'])}":`
          : whole,
      );
    case 2:
      return text.slice(0, at);
    case 3:
      return text.slice(0, at) + String.fromCharCode(random.int(0x3000)) + text.slice(at);
    case 4:
      return text.slice(0, at) + text.slice(at + random.between(1, 8));
    case 5:
      return text.slice(0, at) + random.pick(NASTY_VALUES) + text.slice(at);
    case 6:
      return text + text.slice(0, at);
    default:
      return text.replace(/}$/, `,"extra":${random.pick(NASTY_VALUES)}}`);
  }
}

/** One change of single bytes: what no encoder would make. */
export function spoiltBytes(text: string, random: SeededRandom): Buffer {
  const bytes = Buffer.from(text);
  for (let changes = random.between(1, 6); changes > 0 && bytes.length > 0; changes--)
    bytes[random.int(bytes.length)] = random.int(256);
  return bytes;
}
