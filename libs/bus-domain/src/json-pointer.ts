/** Longest part of a name that a pointer repeats: a name can be as long as the text that holds it. */
const SEGMENT_CHARACTERS = 64;

/** JSON pointer (RFC 6901) to a value; long names are cut, marked by `…`. `[]` is the whole document: `''`. */
export function jsonPointer(segments: readonly (string | number)[]): string {
  let pointer = '';
  for (const segment of segments) pointer += `/${typeof segment === 'number' ? segment : escaped(segment)}`;
  return pointer;
}

function escaped(name: string): string {
  const short = name.length > SEGMENT_CHARACTERS ? `${name.slice(0, SEGMENT_CHARACTERS)}…` : name;
  return /[~/]/.test(short) ? short.replaceAll('~', '~0').replaceAll('/', '~1') : short;
}
