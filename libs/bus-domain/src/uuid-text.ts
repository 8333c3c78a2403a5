/** Of the id under way: joining pieces of text would leave half a kilobyte of garbage, several times an event. */
const text = Buffer.alloc(36, '-');
/** Where the 32 digits stand in the text. */
const PLACES = [...'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'].flatMap((mark, place) =>
  mark === 'x' ? place : [],
);
const VERSION_PLACE = 14;
const VARIANT_PLACE = 19;
const EIGHT = '8'.charCodeAt(0);
/** By the code of a hex digit: the digit with the two highest bits of an RFC 9562 variant. */
const VARIANTS = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++)
  VARIANTS[digit.toString(16).charCodeAt(0)] = ((digit & 3) | 8).toString(16).charCodeAt(0);

/** The first 32 hex digits, lower case, in the form of a UUID. Version and variant are not looked at. */
export function uuidTextOf(hex: string): string {
  write(hex);
  return text.toString('latin1');
}

/** The same as a UUID of version 8: six bits are not the digits' own. @see RFC 9562 §5.8 */
export function uuidV8TextOf(hex: string): string {
  write(hex);
  text[VERSION_PLACE] = EIGHT;
  text[VARIANT_PLACE] = VARIANTS[text[VARIANT_PLACE]];
  return text.toString('latin1');
}

function write(hex: string): void {
  for (let digit = 0; digit < 32; digit++) text[PLACES[digit]] = hex.charCodeAt(digit);
}
