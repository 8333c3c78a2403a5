import { type Fault, LIMITS } from '@bus/contracts';
import { hasRange, readText, TEXT } from './json-token';
import { jsonPointer } from './json-pointer';

/** What is wrong with a JSON text beside its syntax. `too_many`: keys or items. `bad_key`: repeated or reserved. */
export type JsonFaultKind = 'too_deep' | 'too_many' | 'bad_text' | 'bad_number' | 'bad_key';

export interface JsonFault extends Fault {
  kind: JsonFaultKind;
}

export interface ScanOptions {
  /** Name of the members that hold a payload: depth and keys are counted from there. Absent: the text is the payload. */
  payloadKey?: string;
  /** Name of the member that holds a list of events: each of its items is told up to ten faults of its own. */
  itemsKey?: string;
}

/**
 * Faults of a JSON text that parsing hides or changes: too deep, too many keys or items, repeated keys, `__proto__`
 * and `constructor`, NUL and lone surrogates (raw or escaped), numbers that a double cannot carry.
 * Looks at the text before it is parsed, in one pass. The syntax is left to JSON.parse: a scan of a malformed text
 * ends early. At most ten faults; messages hold no value of the text.
 * @see RFC 7493 (I-JSON)
 */
export function scanJson(text: string, options: ScanOptions = {}): JsonFault[] {
  return new JsonScan(text, options).run();
}

const OUTSIDE = -1;
/** Up to so many keys an object is searched as a list; a set pays off only beyond. */
const LISTED_KEYS = 8;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const ARRAY = 91;
const ARRAY_END = 93;
const OBJECT = 123;
const OBJECT_END = 125;

class JsonScan {
  private readonly faults: JsonFault[] = [];
  /** Key or index of each open container, outermost first. */
  private readonly path: (string | number)[] = [];
  /** Keys met in each open object; the first few as a list, all as a set beyond that. */
  private readonly names: string[][] = [];
  private readonly nameSets: Set<string>[] = [];
  private at = 0;
  private depth = 0;
  /** Depth at which the payload under way stands. */
  private payload: number;
  private payloadKeys = 0;
  /** Depth at which the list of events stands. */
  private items = OUTSIDE;
  private faultsAllowed: number = LIMITS.faults;

  constructor(
    private readonly text: string,
    private readonly options: ScanOptions,
  ) {
    this.payload = options.payloadKey === undefined ? 0 : OUTSIDE;
  }

  run(): JsonFault[] {
    this.value();
    return this.faults;
  }

  private value(): void {
    const unit = this.next();
    if (unit === QUOTE) this.tellText(this.string());
    else if (unit === OBJECT) this.object();
    else if (unit === ARRAY) this.array();
    else this.plain();
  }

  private object(): void {
    if (this.isTooDeep()) return this.skip();
    this.at++;
    const level = this.depth++;
    let distinct = 0;
    if (this.next() === OBJECT_END) this.at++;
    else {
      do {
        if (this.next() !== QUOTE) return this.giveUp();
        const key = this.key(level);
        if (this.isRepeated(level, key, distinct)) this.tell('bad_key', 'repeated key');
        else distinct++;
        if (this.next() !== COLON) return this.giveUp();
        this.at++;
        this.member(key);
      } while (this.goesOn(OBJECT_END));
    }
    this.depth = level;
  }

  private key(level: number): string {
    const start = this.at + 1;
    const marks = this.string();
    const raw = this.text.slice(start, this.at - 1);
    const key = marks & TEXT.escaped ? unescaped(raw) : raw;
    this.path[level] = key;
    if (marks > TEXT.escaped) this.tellText(marks);
    if (key === '__proto__' || key === 'constructor') this.tell('bad_key', 'reserved key');
    if (this.payload !== OUTSIDE && ++this.payloadKeys === LIMITS.payloadKeys + 1)
      this.tell('too_many', `more than ${LIMITS.payloadKeys} keys`, this.payload);
    return key;
  }

  /** The value of a key; outside a payload it may be one, or the list of events. */
  private member(key: string): void {
    if (this.payload !== OUTSIDE) return this.value();
    if (key === this.options.payloadKey) {
      this.payload = this.depth;
      this.payloadKeys = 0;
      this.value();
      this.payload = OUTSIDE;
    } else {
      if (key === this.options.itemsKey && this.items === OUTSIDE) this.items = this.depth;
      this.value();
    }
  }

  private array(): void {
    if (this.isTooDeep()) return this.skip();
    this.at++;
    const level = this.depth++;
    const isList = level === this.items && this.payload === OUTSIDE;
    let index = 0;
    if (this.next() === ARRAY_END) this.at++;
    else {
      do {
        if (isList) this.faultsAllowed = this.faults.length + LIMITS.faults;
        this.path[level] = index++;
        if (index === LIMITS.payloadArrayItems + 1)
          this.tell('too_many', `more than ${LIMITS.payloadArrayItems} items`, level);
        this.value();
      } while (this.goesOn(ARRAY_END));
    }
    this.depth = level;
  }

  /** After a member or item: past a comma there is more; past the end there is not. Anything else ends the scan. */
  private goesOn(end: number): boolean {
    const unit = this.next();
    this.at++;
    if (unit === COMMA) return true;
    if (unit !== end) this.giveUp();
    return false;
  }

  /** Reads a text with both its quotes; what was met, as bits of TEXT. */
  private string(): number {
    const read = readText(this.text, this.at + 1);
    this.at = read >>> TEXT.bits;
    return read & TEXT.mask;
  }

  /** A number, `true`, `false` or `null`: up to what ends it. */
  private plain(): void {
    const { text } = this;
    const start = this.at;
    let at = start;
    let unit = text.charCodeAt(at);
    // Digits, letters, sign, point: all that is neither a space, a comma, a quote, a colon nor a bracket.
    while (unit > 42 && unit !== COMMA && unit !== COLON && (unit | 32) !== OBJECT_END && unit < 127)
      unit = text.charCodeAt(++at);
    if (at === start) return this.giveUp();
    this.at = at;
    if (text.charCodeAt(start) < COLON && !hasRange(text, start, at))
      this.tell('bad_number', 'number out of range: send as string');
  }

  /** Passes a container that is too deep to look into. */
  private skip(): void {
    this.tell('too_deep', `more than ${LIMITS.payloadDepth} levels deep`);
    let open = 0;
    for (; this.at < this.text.length; this.at++) {
      const unit = this.text.charCodeAt(this.at);
      if (unit === QUOTE) {
        this.string();
        this.at--;
      } else if (unit === OBJECT || unit === ARRAY) open++;
      else if ((unit === OBJECT_END || unit === ARRAY_END) && --open === 0) break;
    }
    this.at++;
  }

  private isTooDeep(): boolean {
    return this.depth - Math.max(this.payload, 0) >= LIMITS.payloadDepth;
  }

  private isRepeated(level: number, key: string, distinct: number): boolean {
    const names = (this.names[level] ??= []);
    if (distinct < LISTED_KEYS) {
      for (let index = 0; index < distinct; index++) if (names[index] === key) return true;
      names[distinct] = key;
      return false;
    }
    if (distinct === LISTED_KEYS) this.nameSets[level] = new Set(names);
    const set = this.nameSets[level];
    if (set.has(key)) return true;
    set.add(key);
    return false;
  }

  /** The next unit that is no space; NaN at the end. */
  private next(): number {
    let unit = this.text.charCodeAt(this.at);
    while (unit === 32 || unit === 10 || unit === 13 || unit === 9) unit = this.text.charCodeAt(++this.at);
    return unit;
  }

  private giveUp(): void {
    this.at = this.text.length;
  }

  private tellText(marks: number): void {
    if (marks & TEXT.nul) this.tell('bad_text', 'NUL character');
    if (marks & TEXT.loneSurrogate) this.tell('bad_text', 'lone surrogate');
  }

  private tell(kind: JsonFaultKind, message: string, depth = this.depth): void {
    if (this.faults.length >= this.faultsAllowed) return;
    this.faults.push({ kind, path: jsonPointer(this.path.slice(0, depth)), message });
  }
}

/** A key as JSON.parse would read it; as it stands where JSON.parse would refuse it. */
function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
