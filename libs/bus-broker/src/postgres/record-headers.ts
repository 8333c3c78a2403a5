import { RECORD_HEADER } from '@bus/contracts';
import type { IncomingRecord } from '../broker-record';

/** Text that JSON writes as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;
/** What stands before the values of the bus's own headers. */
const OPENINGS = new Map<string, string>(Object.values(RECORD_HEADER).map((name) => [name, opening(name)]));

/** `JSON.stringify(Object.entries(headers))`, at half its cost where values are plain, as nearly all are. */
export function headersText(headers: Record<string, string>): string {
  let text = '[';
  for (const name of Object.keys(headers)) {
    if (text !== '[') text += ',';
    const value = headers[name];
    text += (OPENINGS.get(name) ?? opening(name)) + (PLAIN.test(value) ? value : escaped(value)) + '"]';
  }
  return text + ']';
}

function opening(name: string): string {
  return `["${escaped(name)}","`;
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** Headers as `headersText` writes them, or as any other JSON of pairs. */
export function readHeaders(text: string): IncomingRecord['headers'] {
  return plainHeaders(text) ?? parsedHeaders(text);
}

function parsedHeaders(text: string): IncomingRecord['headers'] {
  const headers = JSON.parse(text) as [string, string][];
  return headers.map(([name, value]) => [name, Buffer.from(value)]);
}

/** ASCII in which nothing is escaped: it has no backslash. */
const UNESCAPED = /^[ -[\]-~]*$/;

/**
 * Headers cut out of their text, written once: several times cheaper than to parse it and write each value.
 * `null` where the text is not plain, or not as JSON.stringify writes it: nearly every record's is.
 */
function plainHeaders(text: string): IncomingRecord['headers'] | null {
  if (!text.startsWith('[["') || !UNESCAPED.test(text)) return null;
  const bytes = Buffer.from(text);
  const headers: [string, Buffer][] = [];
  for (let at = 3; ; at += 5) {
    const nameEnd = text.indexOf('"', at);
    if (!text.startsWith('","', nameEnd)) return null;
    const end = text.indexOf('"', nameEnd + 3);
    headers.push([text.slice(at, nameEnd), bytes.subarray(nameEnd + 3, end)]);
    if (text.startsWith('"],["', end)) at = end;
    else return text.startsWith('"]]', end) && text.length === end + 3 ? headers : null;
  }
}
