import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { bytesArray, integerArrays, plainArray, textArray } from './array-literal';
import { createStorePool, type StorePool } from './connection';

describe('array literals', () => {
  let database: TestDatabase;
  let pool: StorePool;
  beforeAll(async () => {
    database = await createTestDatabase('array_literal');
    pool = createStorePool({ connectionString: database.url, applicationName: 'array-literal-spec' });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const asked = async (type: string, literal: string): Promise<unknown> =>
    (await pool.query<{ value: unknown }>(`select $1::${type}[] as value`, [literal])).rows[0]?.value;

  it('are read by PostgreSQL as the texts that they were made of', async () => {
    const texts = [
      '',
      'a',
      'NULL',
      'null',
      '{a,b}',
      ' a ',
      '"',
      '\\',
      '{"note":"Leave the \\"parcel\\".","n":1.0}',
      'tab\t"and\nline"',
      '\u0001"\u007f',
      '订单 "1"',
      '😀"',
      '\u2028"',
      null,
    ];
    expect(await asked('text', textArray(texts))).toEqual(texts);
  });

  it('hold numbers, ids, bytes and lists of numbers', async () => {
    expect(await asked('int', plainArray([1, -2, null]))).toEqual([1, -2, null]);
    expect(await asked('boolean', plainArray([true, false]))).toEqual([true, false]);
    expect(await asked('bytea', bytesArray([Buffer.from([0, 255]), null]))).toEqual([
      Buffer.from([0, 255]),
      null,
    ]);
    expect(await asked('text', integerArrays([[], [1, 2]]))).toEqual(['{}', '{1,2}']);
  });
});
