/**
 * SQL for `column = value` where rows are looked up by the key that `column` leads, one by one, from a small set.
 *
 * With a plain `=` PostgreSQL may as well walk the whole index and look into the set for each of its rows. A plan that
 * was made while a hot table was empty, as after each quiet minute, finds both equally cheap; once the table holds
 * some thousand rows the walk takes twenty times as long, until the next vacuum. An array of one element is looked up by
 * the same index, but cannot be joined by order, and nothing but the order speaks for the walk.
 * Wherever a column leads an index of the table: one plain `=` among them is enough for the walk.
 */
export function keyIs(column: string, value: string): string {
  return `${column} = any (array[${value}])`;
}
