import { isUtf8 } from 'node:buffer';

export type FrameFaultCode =
  | 'bad_length'
  | 'too_long'
  | 'not_json'
  | 'not_an_object'
  | 'incomplete'
  | 'too_slow'
  | 'unsent_over_limit'
  | 'peer_not_reading'
  | 'too_many_refused';

/** A peer that breaks the framing or its limits; its connection is closed. */
export class FrameError extends Error {
  constructor(
    readonly code: FrameFaultCode,
    message: string,
  ) {
    super(message);
    this.name = 'FrameError';
  }
}

export interface Frame {
  text: string;
  /** Its bytes were not UTF-8. */
  badUtf8: boolean;
}

/** Digits of the longest length that a header may state. */
const HEADER_DIGITS = 9;
const DELIMITER = '#';

/**
 * Bytes → frames `<length>#<json>` of Nest's TCP transport. The length counts UTF-16 code units
 * (JavaScript's `string.length`), not bytes.
 */
export class FrameReader {
  private text = '';
  private at = 0;
  private length = -1;
  private tail: Buffer = EMPTY;
  private suspect = false;

  /** @param maxFrameChars longest frame in UTF-16 code units: protects memory against stalled peers */
  constructor(private readonly maxFrameChars: number) {}

  append(bytes: Buffer): void {
    const whole = this.tail.length === 0 ? bytes : Buffer.concat([this.tail, bytes]);
    const end = whole.length - openSequence(whole);
    this.tail = end === whole.length ? EMPTY : Buffer.from(whole.subarray(end));
    const complete = end === whole.length ? whole : whole.subarray(0, end);
    if (!isUtf8(complete)) this.suspect = true;
    const rest = this.at === 0 ? this.text : this.text.slice(this.at);
    this.at = 0;
    this.text = rest === '' ? complete.toString('utf8') : rest + complete.toString('utf8');
  }

  /** The next whole frame, or `null` until more bytes come. @throws FrameError */
  next(): Frame | null {
    if (this.length === -1 && !this.readHeader()) return null;
    const end = this.at + this.length;
    if (this.text.length < end) return null;
    const text = this.text.slice(this.at, end);
    this.length = -1;
    this.at = end;
    const badUtf8 = this.suspect && text.includes('\uFFFD');
    if (end === this.text.length) {
      this.text = '';
      this.at = 0;
      this.suspect = false;
    }
    return { text, badUtf8 };
  }

  /** A frame has begun and its rest is missing. */
  get incomplete(): boolean {
    return this.length !== -1 || this.at < this.text.length || this.tail.length > 0;
  }

  /** What a log line may say of the unfinished frame: never its content. */
  describeRest(): string {
    const units = this.text.length - this.at;
    const bytes = Buffer.byteLength(this.text.slice(this.at));
    const stated = this.length === -1 ? 'no length' : `length ${this.length}`;
    return `${stated}, ${units} UTF-16 units there${bytes === units ? '' : UNIT_HINT}`;
  }

  private readHeader(): boolean {
    const i = this.text.indexOf(DELIMITER, this.at);
    const header = this.text.slice(this.at, i === -1 ? undefined : i);
    if (header.length > HEADER_DIGITS || !/^\d*$/.test(header) || (i !== -1 && header === '')) {
      throw new FrameError('bad_length', `a frame begins with its length in digits and #${UNIT_HINT}`);
    }
    if (i === -1) return false;
    const length = Number(header);
    if (length > this.maxFrameChars) {
      throw new FrameError('too_long', `frame of ${length} UTF-16 units; the limit is ${this.maxFrameChars}`);
    }
    this.length = length;
    this.at = i + 1;
    return true;
  }
}

export const UNIT_HINT = ' (a length counts UTF-16 units, not bytes)';
const EMPTY = Buffer.alloc(0);

/** Bytes at the end that begin a UTF-8 sequence whose rest has not come yet: 0 to 3. */
function openSequence(bytes: Buffer): number {
  const last = bytes.length - 1;
  for (let back = 0; back < 3 && back <= last; back++) {
    const byte = bytes[last - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return back + 1 < need ? back + 1 : 0;
    }
  }
  return 0;
}
