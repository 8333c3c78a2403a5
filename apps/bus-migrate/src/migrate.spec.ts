import { StartupError } from '@bus/app-shell';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { Client } from 'pg';
import { readConfig } from './bus-migrate.config';
import { migrate } from './migrate';

describe(migrate.name, () => {
  let database: TestDatabase;

  beforeEach(async () => (database = await createTestDatabase('migrate')));
  afterEach(() => database.drop());

  const run = async () => {
    const lines: string[] = [];
    await migrate(readConfig({ DATABASE_URL: database.url }), (line) => lines.push(line));
    return lines;
  };

  it('makes tables, days ahead and the log, and says so', async () => {
    const lines = await run();
    expect(lines[0]).toContain('Events0000000000001');
    expect(lines[2]).toMatch(/^log: postgres:[0-9a-f-]{36}$/);
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query(
      `select count(*)::int as days from pg_inherits where inhparent = 'bus.event'::regclass`,
    );
    await client.end();
    expect(rows[0].days).toBeGreaterThanOrEqual(5);
  });

  it('changes nothing when it runs again: the log keeps its id', async () => {
    const first = await run();
    const second = await run();
    expect(second[0]).toBe('schema bus: up to date');
    expect(second[2]).toBe(first[2]);
  });

  it('is safe when several start at once', async () => {
    const all = await Promise.all([run(), run(), run()]);
    expect(new Set(all.map((lines) => lines[2])).size).toBe(1);
  });

  it.each([
    [
      'the database is away',
      'postgres://bus:secret@127.0.0.1:1/bus',
      '127.0.0.1:1/bus: nothing listens there; start',
    ],
    ['there is no such database', null, '/none: there is no such database; create it'],
  ])('names the place and the fix where %s, and no password', async (_title, url, words) => {
    const config = readConfig({ DATABASE_URL: url ?? database.url.replace(/\/[^/]*$/, '/none') });
    const failed = await migrate(config, () => undefined).catch((error: Error) => error);

    expect(failed).toBeInstanceOf(StartupError);
    expect((failed as Error).message).toContain(words);
    expect((failed as Error).message).not.toContain('secret');
  });

  it('names the fix where Kafka is away', async () => {
    const kafka = { BUS_BROKER: 'kafka', KAFKA_BROKERS: '127.0.0.1:1', DATABASE_URL: database.url };
    const failed = await migrate(readConfig(kafka), () => undefined).catch((error: Error) => error);

    expect(failed).toBeInstanceOf(StartupError);
    expect((failed as Error).message).toContain('check that it runs and that its address is right');
  }, 30_000);
});
