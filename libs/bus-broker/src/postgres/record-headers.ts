import { RECORD_HEADER } from '@bus/contracts';

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
