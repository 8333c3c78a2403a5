import { RECORD_HEADER } from '@bus/contracts';
import type { IncomingRecord, RecordTexts } from '../broker-record';

/** A record as the log keeps it. Key and headers are made into bytes when somebody asks for them: few do. */
export class LogRecord implements IncomingRecord {
  readonly texts: RecordTexts | null;

  /** @param headersJson pairs, as `headersText` writes them or as any other JSON of pairs */
  constructor(
    readonly partition: number,
    readonly offset: bigint,
    private readonly keyText: string,
    private readonly headersJson: string,
    readonly value: Buffer,
    readonly appendedAt: Date,
  ) {
    const headers = ASCII.test(keyText) ? plainHeaders(headersJson) : null;
    this.texts = headers && { key: keyText, headers };
  }

  get key(): Buffer {
    return Buffer.from(this.keyText);
  }

  get headers(): IncomingRecord['headers'] {
    const pairs = JSON.parse(this.headersJson) as [string, string][];
    return pairs.map(([name, value]) => [name, Buffer.from(value)]);
  }
}

const ASCII = /^[\0-\x7f]*$/;
/** ASCII in which nothing is escaped: it has no backslash. */
const UNESCAPED = /^[ -[\]-~]*$/;
/** A name that is found here need not be cut out, nor its hash be made. */
const NAMES = Object.values(RECORD_HEADER) as string[];

/**
 * Headers cut out of their text, several times cheaper than to parse it.
 * `null` where the text is not plain, or not as JSON.stringify writes it: nearly every record's is.
 */
function plainHeaders(text: string): string[] | null {
  if (!text.startsWith('[["') || !UNESCAPED.test(text)) return null;
  const headers: string[] = [];
  let next = 0;
  for (let at = 3; ; at += 5) {
    const nameEnd = text.indexOf('"', at);
    if (!text.startsWith('","', nameEnd)) return null;
    const end = text.indexOf('"', nameEnd + 3);
    const known = nameAt(text, at, nameEnd, next);
    if (known >= 0) next = known + 1;
    headers.push(NAMES[known] ?? text.slice(at, nameEnd), text.slice(nameEnd + 3, end));
    if (text.startsWith('"],["', end)) at = end;
    else return text.startsWith('"]]', end) && text.length === end + 3 ? headers : null;
  }
}

/** Index of the name that stands there, looked for from `next` on and round; −1: none of the bus's. */
function nameAt(text: string, at: number, end: number, next: number): number {
  for (let step = 0; step < NAMES.length; step++) {
    const known = (next + step) % NAMES.length;
    if (NAMES[known].length === end - at && text.startsWith(NAMES[known], at)) return known;
  }
  return -1;
}
