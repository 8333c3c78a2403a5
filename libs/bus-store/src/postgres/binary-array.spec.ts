import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { bigintArray, binaryTextArray, byteaArray, integerArray, uuidArray } from './binary-array';
import { createStorePool, type StorePool } from './connection';

describe('binary arrays', () => {
  let database: TestDatabase;
  let pool: StorePool;
  beforeAll(async () => {
    database = await createTestDatabase('binary_array');
    pool = createStorePool({ connectionString: database.url, applicationName: 'binary-array-spec' });
  });
  afterAll(async () => {
    await pool.end();
    await database.drop();
  });

  const asked = async (type: string, bytes: Buffer | string): Promise<unknown> =>
    (await pool.query<{ value: unknown }>(`select $1::${type}[] as value`, [bytes])).rows[0]?.value;
  const ID = '018f7c39-6d1e-7aaa-bfff-0123456789ab';

  it('are read by PostgreSQL as the texts that they were made of', async () => {
    const texts = ['', 'a', 'NULL', '{a,b}', '"\\', 'tab\t"and\nline"', '订单 "1"', '😀"', '\u2028', null];
    expect(await asked('text', binaryTextArray(texts))).toEqual(texts);
    expect(await asked('text', binaryTextArray(['lone \ud800 surrogate']))).toEqual([
      'lone \ufffd surrogate',
    ]);
  });

  it('hold numbers, ids and bytes', async () => {
    expect(await asked('int', integerArray([1, -2, 2 ** 31 - 1]))).toEqual([1, -2, 2 ** 31 - 1]);
    expect(await asked('bigint', bigintArray([0n, -1n, 2n ** 63n - 1n]))).toEqual([
      '0',
      '-1',
      '9223372036854775807',
    ]);
    expect(await asked('uuid', uuidArray([ID, ID.toUpperCase()]))).toEqual([ID, ID]);
    const bytes = [Buffer.from([0, 255]), Buffer.alloc(0)];
    expect(await asked('bytea', byteaArray(bytes))).toEqual(bytes);
  });

  it('may be empty, and are whole in number where they are large', async () => {
    const empty: [string, Buffer | string][] = [
      ['int', integerArray([])],
      ['bigint', bigintArray([])],
      ['uuid', uuidArray([])],
      ['text', binaryTextArray([])],
      ['bytea', byteaArray([])],
    ];
    for (const [type, bytes] of empty) expect(await asked(type, bytes)).toEqual([]);
    const many = Array.from({ length: 2_000 }, (_, index) => index);
    expect(await asked('int', integerArray(many))).toEqual(many);
    expect(await asked('text', binaryTextArray(many.map((n) => 'x'.repeat(n))))).toHaveLength(2_000);
  });

  it.each(['', ID.slice(1), `${ID}0`, ID.replace('8', 'g'), ID.replace('8', '\u0138'), ID.replace('-', '0')])(
    'leave it to the server to refuse what is no id: %j',
    async (text) => {
      await expect(asked('uuid', uuidArray([ID, text]))).rejects.toMatchObject({
        code: expect.stringMatching(/^22/),
      });
    },
  );

  it('refuse numbers that the type cannot hold', () => {
    expect(() => integerArray([2 ** 31])).toThrow('out of range');
    expect(() => bigintArray([2n ** 63n])).toThrow('out of range');
  });
});
