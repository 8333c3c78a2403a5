import { Client } from 'pg';
import { createTestDatabase } from './create-test-database';

describe(createTestDatabase, () => {
  it('gives each call a database of its own', async () => {
    const [one, two] = await Promise.all([createTestDatabase('twin'), createTestDatabase('twin')]);
    expect(one.url).not.toBe(two.url);
    const client = new Client({ connectionString: one.url });
    await client.connect();
    await client.query('CREATE TABLE only_here ()');
    await client.end();
    const other = new Client({ connectionString: two.url });
    await other.connect();
    const { rows } = await other.query(`SELECT to_regclass('only_here') AS found`);
    await other.end();
    expect(rows).toEqual([{ found: null }]);
    await Promise.all([one.drop(), two.drop()]);
  });

  it('drops a database that is still connected to', async () => {
    const database = await createTestDatabase();
    const client = new Client({ connectionString: database.url });
    const ended = new Promise((done) => client.on('error', done));
    await client.connect();
    await database.drop();
    await expect(ended).resolves.toBeInstanceOf(Error);
    const again = new Client({ connectionString: database.url });
    await expect(again.connect()).rejects.toThrow('does not exist');
  });

  it('names the missing set-up when it runs outside of Jest', async () => {
    const url = process.env.TEST_DATABASE_URL;
    delete process.env.TEST_DATABASE_URL;
    try {
      await expect(createTestDatabase()).rejects.toThrow('TEST_DATABASE_URL is unset');
    } finally {
      process.env.TEST_DATABASE_URL = url;
    }
  });
});
