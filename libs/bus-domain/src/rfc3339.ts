const RFC_3339_PATTERN =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;
/** 0001-01-01T00:00:00Z. */
const FIRST_MS = -62_135_596_800_000;
const END_MS = Date.UTC(10000, 0, 1);
const MINUTE_MS = 60_000;

/**
 * Milliseconds since the epoch; `null` where the text is no RFC 3339 time within the years 1 to 9999, as PostgreSQL
 * takes them. A fraction finer than a millisecond is rounded up: nothing that waits for the time starts before it.
 * @see RFC 3339 §5.6; a leap second counts as the first second of the next minute
 */
export function parseRfc3339(text: string): number | null {
  if (text !== lastText) {
    lastParsed = parse(text);
    lastText = text;
  }
  return lastParsed;
}

/** RFC 3339 in UTC, with milliseconds. @throws RangeError for a time that no Date can hold */
export function utcText(ms: number): string {
  if (ms !== lastMs) {
    lastUtc = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastUtc;
}

// Events that were published together bear one time, and each is read and written several times.
let lastText = '';
let lastParsed: number | null = null;
let lastMs = NaN;
let lastUtc = '';

function parse(text: string): number | null {
  const parts = RFC_3339_PATTERN.exec(text);
  if (!parts) return null;
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = parts;
  const dayMs = dateMs(Number(year), Number(month), Number(day));
  if (dayMs === null || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const timeMs = (Number(hour) * 60 + Number(minute)) * MINUTE_MS + Number(second) * 1000;
  let offsetMs = 0;
  if (sign) {
    if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
    offsetMs = (Number(offsetHour) * 60 + Number(offsetMinute)) * MINUTE_MS * (sign === '-' ? -1 : 1);
  }
  const ms = dayMs + timeMs + fractionMs(fraction) - offsetMs;
  return ms >= FIRST_MS && ms < END_MS ? ms : null;
}

/** Midnight UTC of a calendar day; `null` where there is no such day. */
function dateMs(year: number, month: number, day: number): number | null {
  if (year < 1 || month < 1 || month > 12 || day < 1) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCDate() === day ? date.getTime() : null;
}

function fractionMs(digits: string): number {
  if (digits === '') return 0;
  const whole = Number(digits.slice(0, 3).padEnd(3, '0'));
  return /[1-9]/.test(digits.slice(3)) ? whole + 1 : whole;
}
