import type { SeededRandom } from '../random';
import { goodEvent, spoiltBytes, spoiltJson } from './hostile-text';

const COMMANDS = ['bus.publish', 'bus.publishBatch', 'bus.cancel', 'bus.reschedule', 'bus.getEvent'];

/** A frame of Nest's TCP wire: length in UTF-16 units, `#`, JSON. What is wrong with it follows from the seed. */
export function hostileFrame(random: SeededRandom, number: number): Buffer {
  const id = `h-${number}`;
  const event = goodEvent(`frame-${number}`);
  const command = random.pick(COMMANDS);
  const packet = `{"pattern":{"cmd":"${command}"},"data":${dataOf(command, event, random)},"id":"${id}"}`;
  switch (random.int(10)) {
    case 0: // a good packet, its bytes spoilt
      return spoiltBytes(`${packet.length}#${packet}`, random);
    case 1: // a wrong length
      return Buffer.from(`${random.pick(['', '-5', 'abc', '1e9', '0', '99999999', '0x10'])}#${packet}`);
    case 2:
      return Buffer.from(`${Math.max(0, packet.length + random.between(-20, 20))}#${packet}`);
    case 3: // no packet at all
      return Buffer.from(framed(random.pick(['null', '[]', '7', '"a"', '{}', '', ' ', '{"id":1}'])));
    case 4: // bytes without a frame
      return Buffer.from(Array.from({ length: random.between(1, 400) }, () => random.int(256)));
    default: // text that is nearly right
      return Buffer.from(framed(spoiltJson(packet, random)));
  }
}

function dataOf(command: string, event: string, random: SeededRandom): string {
  if (command === 'bus.publish') return `{"event":${event}}`;
  if (command === 'bus.publishBatch')
    return `{"events":[${Array.from({ length: random.int(5) }, () => event).join(',')}]}`;
  return '{"source":"hostile","messageId":"frame-1","deliverAt":"2026-01-02T03:04:05Z"}';
}

function framed(json: string): string {
  return `${json.length}#${json}`;
}
