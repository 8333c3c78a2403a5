/** Text of others, for a terminal: control characters (C0, DEL, C1) and text direction marks would command it. */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '�');
}
