/** NUL, or a surrogate without its other half. */
const UNCLEAN = /\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** True for text that PostgreSQL can store and UTF-8 can carry unchanged: no NUL, no lone surrogate. */
export function isCleanText(text: string): boolean {
  return !UNCLEAN.test(text);
}
