/** What `readText` met, as bits; its answer is `end << TEXT.bits | marks`. */
export const TEXT = { escaped: 1, nul: 2, loneSurrogate: 4, mask: 7, bits: 3 } as const;

const QUOTE = 34;
const BACKSLASH = 92;
const SMALL_U = 117;
const SMALL_E = 101;
const POINT = 46;
/** 2⁵³: the largest integer up to which every one is a double of its own. */
const LARGEST_INTEGER = '9007199254740992';
/** Without an exponent, so few characters before the point and in all are always in range. */
const SAFE_CHARACTERS = 15;
const SAFE_FRACTION = 300;

/**
 * Passes a JSON text from after its opening quote to after its closing one (or the end).
 * @returns the position after it and what was met, as one integer: texts stay below 2²⁸ characters
 */
export function readText(text: string, start: number): number {
  let at = start;
  let marks = 0;
  for (;;) {
    let unit = text.charCodeAt(at);
    while (unit !== QUOTE && unit !== BACKSLASH && unit >= 0x20 && unit < 0xd800)
      unit = text.charCodeAt(++at);
    if (unit === QUOTE || Number.isNaN(unit)) break; // NaN: the end of the text
    if (unit === BACKSLASH) marks |= TEXT.escaped;
    const value = valueAt(text, at);
    at += widthAt(text, at);
    if (value === 0) marks |= TEXT.nul;
    else if (isLow(value)) marks |= TEXT.loneSurrogate;
    else if (isHigh(value)) {
      if (isLow(valueAt(text, at))) {
        if (text.charCodeAt(at) === BACKSLASH) marks |= TEXT.escaped;
        at += widthAt(text, at);
      } else marks |= TEXT.loneSurrogate;
    }
  }
  return ((at + 1) << TEXT.bits) | marks;
}

/**
 * False for a number that a double cannot carry: an integer beyond ±2⁵³, an overflow, or a loss of all digits.
 * With an exponent, what JSON.stringify would write as such an integer (below 1e21) counts as one.
 */
export function hasRange(text: string, start: number, end: number): boolean {
  let integerEnd = end;
  let isScaled = false;
  for (let at = start; at < end && !isScaled; at++) {
    const unit = text.charCodeAt(at);
    if (unit === POINT) integerEnd = Math.min(integerEnd, at);
    else isScaled = (unit | 32) === SMALL_E;
  }
  if (!isScaled && integerEnd - start <= SAFE_CHARACTERS && end - start <= SAFE_FRACTION) return true;
  const literal = text.slice(start, end);
  const value = Number(literal);
  if (Number.isNaN(value)) return true; // no number: JSON.parse says so
  if (value === 0) return !/^[^eE]*[1-9]/.test(literal);
  if (isScaled) return Math.abs(value) <= 2 ** 53 || (Math.abs(value) >= 1e21 && Number.isFinite(value));
  const digits = /^-?0*(\d*)/.exec(literal)?.[1] ?? '';
  if (digits.length !== LARGEST_INTEGER.length) return digits.length < LARGEST_INTEGER.length;
  return digits <= LARGEST_INTEGER;
}

/** The code unit that stands at a position, raw or as an escape; -1 for an escape other than `\u`. */
function valueAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== BACKSLASH) return text.charCodeAt(at);
  return text.charCodeAt(at + 1) === SMALL_U ? Number.parseInt(text.slice(at + 2, at + 6), 16) : -1;
}

function widthAt(text: string, at: number): number {
  if (text.charCodeAt(at) !== BACKSLASH) return 1;
  return text.charCodeAt(at + 1) === SMALL_U ? 6 : 2;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
