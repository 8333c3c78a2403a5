import { BusError } from '@bus/contracts';
import type { Page } from '../page';

export const UUID_SHAPE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
export const WHOLE_SHAPE = /^\d{1,19}$/;

/** A cursor that no page of this list gave. */
export class UnknownCursorError extends BusError {
  constructor() {
    super({
      code: 'invalid',
      message: 'the cursor is not one of this list; take nextCursor of the page before, or none',
      faults: [{ path: '/cursor', message: 'is not a cursor of this list' }],
    });
  }
}

/**
 * Cuts a result that was read with one row more than asked for.
 * @param keyOf parts of the last row's key; `readCursor` gives them back
 */
export function toPage<Row>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => readonly (string | number)[],
): Page<Row> {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { rows: page, nextCursor: more ? writeCursor(keyOf(last)) : null };
}

/**
 * The parts of a cursor as text.
 * @param shapes what each part looks like; a NUL or half a UUID never reaches a statement
 * @throws UnknownCursorError for anything else
 */
export function readCursor(cursor: string, shapes: readonly RegExp[]): string[] {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new UnknownCursorError();
  }
  const fits =
    Array.isArray(parts) &&
    parts.length === shapes.length &&
    shapes.every((shape, index) => typeof parts[index] === 'string' && shape.test(parts[index]));
  if (!fits) throw new UnknownCursorError();
  return parts as string[];
}

function writeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(parts.map(String))).toString('base64url');
}
