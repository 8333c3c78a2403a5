import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from 'pg';
import { endProcess, isRunning } from './running-process';
import { startPostgres } from './start-postgres';

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

describe(startPostgres, () => {
  let place: string;
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'start-postgres-'));
    chmodSync(place, 0o755); // mkdtemp closes it to others, and root's PostgreSQL runs as another
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it('keeps its data over a restart and leaves no process behind', async () => {
    const options = { dataDir: join(place, '.data', 'postgres'), port: 0, durable: true }; // no folder is there yet
    const first = await startPostgres(options);
    await ask(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(first.dataDir).toBe(options.dataDir);
    expect(isRunning(first.pid)).toBe(false);
    const second = await startPostgres(options);
    expect(await ask(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    await second.stop();
  }, 30_000);

  it('says which port is taken and how to choose another', async () => {
    const squatter = createServer();
    await new Promise<void>((done) => squatter.listen(0, '127.0.0.1', done));
    const { port } = squatter.address() as { port: number };
    await expect(startPostgres({ dataDir: join(place, 'data'), port, durable: false })).rejects.toThrow(
      `port ${port} is taken: free it, or set EMBEDDED_POSTGRES_PORT`,
    );
    squatter.close();
  }, 30_000);

  it('refuses data that a live process uses', async () => {
    const options = { dataDir: join(place, 'data'), port: 0, durable: false };
    const first = await startPostgres(options);
    await expect(startPostgres(options)).rejects.toThrow(`is in use by process ${process.pid}`);
    await first.stop();
  }, 30_000);

  it('starts again while clients that come back use up its connections', async () => {
    const options = { dataDir: join(place, 'data'), durable: false, settings: { max_connections: '5' } };
    const first = await startPostgres({ ...options, port: 0 });
    await first.stop();
    let over = false;
    const held: Client[] = [];
    const comeBack = async () => {
      while (!over) {
        const client = new Client({ connectionString: first.url });
        client.on('error', () => undefined);
        await client.connect().then(
          () => held.push(client),
          () => undefined, // away or full: tried again at once
        );
      }
    };
    const clients = Promise.all(Array.from({ length: 8 }, comeBack));
    const second = await startPostgres({ ...options, port: first.port });
    over = true;
    await second.stop();
    await clients;
    await Promise.allSettled(held.map((client) => client.end()));
    expect(isRunning(second.pid)).toBe(false);
  }, 30_000);

  it.each([
    [true, ['on', 'on', 'on']],
    ['processes', ['off', 'off', 'on']],
    [false, ['off', 'off', 'off']],
  ] as const)(
    'durable %p: flushes, writes whole pages and waits for commits as %j',
    async (durable, wanted) => {
      const server = await startPostgres({ dataDir: join(place, 'data'), port: 0, durable });
      const [row] = await ask(
        server.url,
        `SELECT current_setting('fsync') AS a, current_setting('full_page_writes') AS b,
              current_setting('synchronous_commit') AS c`,
      );
      expect(Object.values(row as object)).toEqual(wanted);
      await server.stop();
    },
    30_000,
  );

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot(
    'puts the data elsewhere where a directory above is closed to all but root',
    async () => {
      chmodSync(place, 0o700);
      const server = await startPostgres({ dataDir: join(place, 'data'), port: 0, durable: false });
      expect(server.dataDir).not.toContain(place);
      expect(await ask(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      await server.stop();
      rmSync(server.dataDir, { recursive: true });
    },
    30_000,
  );

  it('ends the server that a killed process left on its data', async () => {
    const dataDir = join(place, 'data');
    const orphan = await orphanServer(dataDir);
    expect(isRunning(orphan)).toBe(true);
    const next = await startPostgres({ dataDir, port: 0, durable: false });
    expect(isRunning(orphan)).toBe(false);
    expect(await ask(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.stop();
  }, 30_000);
});

/** Lets another process start a server, kills that process, and returns the server's process id. */
async function orphanServer(dataDir: string): Promise<number> {
  const script = `require('./src/start-postgres').startPostgres({ dataDir: ${JSON.stringify(dataDir)}, port: 0, durable: false })
    .then((server) => console.log(server.pid))`;
  const parent = spawn(
    process.execPath,
    ['-r', '@swc-node/register', '-e', `${script}; setInterval(() => {}, 1000)`],
    {
      cwd: resolve(__dirname, '..'),
      env: { ...process.env, SWC_NODE_PROJECT: resolve(__dirname, '../../../tsconfig.base.json') },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const printed = await new Promise<string>((done, fail) => {
    parent.stdout.setEncoding('utf8').once('data', done);
    parent.once('exit', (code) => fail(new Error(`the starting process ended with ${code}`)));
  });
  await endProcess(parent.pid as number, 'SIGKILL', 5_000);
  return Number(printed);
}
