import { LIMITS } from '@bus/contracts';

/** Characters of a result's code: a word for machines, not a text. */
const CODE_LENGTH = 128;

/** A reason as it can be stored: NUL escaped, lone surrogates replaced, cut to 2 KB of UTF-8; `null` where it is no text. */
export function safeReason(reason: unknown): string | null {
  if (typeof reason !== 'string' || reason === '') return null;
  return cutToBytes(wellFormed(reason.slice(0, LIMITS.reasonBytes)), LIMITS.reasonBytes);
}

/** A code as it can be stored: as `safeReason`, at most 128 characters. */
export function safeCode(code: unknown): string | null {
  if (typeof code !== 'string' || code === '') return null;
  return wellFormed(code.slice(0, CODE_LENGTH)).slice(0, CODE_LENGTH);
}

/**
 * An output as JSON text; `null`: none was given; `undefined`: it cannot be stored (over 16 KB, deeper than 32 levels,
 * NUL or a lone surrogate in it, not JSON).
 */
export function storableOutput(output: unknown): string | null | undefined {
  if (output === undefined) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(output);
  } catch {
    return undefined; // too deep or circular: the fault is the result
  }
  if (text === undefined || text.length > LIMITS.outputBytes) return undefined;
  if (Buffer.byteLength(text) > LIMITS.outputBytes) return undefined;
  if (depthOf(text) > LIMITS.payloadDepth) return undefined;
  return BAD_ESCAPES.test(text) && holdsBadText(output) ? undefined : text;
}

/** JSON.stringify escapes NUL and lone surrogates so; a text that merely speaks of them has one more backslash. */
const BAD_ESCAPES = /\\u(?:0000|d[89a-f])/i;

function holdsBadText(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || Buffer.from(value).toString() !== value;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([key, inner]) => holdsBadText(key) || holdsBadText(inner));
}

function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const unit = json[at];
    if (inText) {
      if (unit === '\\') at++;
      else if (unit === '"') inText = false;
    } else if (unit === '"') inText = true;
    else if (unit === '{' || unit === '[') deepest = Math.max(deepest, ++depth);
    else if (unit === '}' || unit === ']') depth--;
  }
  return deepest;
}

function wellFormed(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\\u0000');
}

/** Cuts between characters, never inside one. */
function cutToBytes(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while (end > 0 && (encoded[end] & 0xc0) === 0x80) end--;
  return encoded.subarray(0, end).toString();
}
