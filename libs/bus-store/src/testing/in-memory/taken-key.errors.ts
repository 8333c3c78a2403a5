/** A unique key was violated; the transaction is rolled back. */
export class TakenKeyError extends Error {
  constructor(table: string, key: string) {
    super(`${table} has a row ${key} already`);
    this.name = 'TakenKeyError';
  }
}
