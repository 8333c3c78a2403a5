import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createTestDatabase, type TestDatabase } from '@bus/embedded-postgres';
import { RPC, type OperationReply } from '@bus/contracts';
import { BusRpcClient } from '@bus/app-shell';
import supertest from 'supertest';
import { DataSource } from 'typeorm';
import { bootstrapConsumer, shellOptionsOf } from './bootstrap-consumer';
import { DataSourceHealth } from './data-source-health';
import { within } from './testing/gate';
import { kitDataSource } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';
import { startKitApp } from './testing/start-kit-app';

const ROOT = join(__dirname, '../../..');

/** Processes of an app, and a machine that others use too. */
jest.setTimeout(120_000);
const PROCESS_LIMIT_MS = 55_000;

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

describe(bootstrapConsumer.name, () => {
  let database: TestDatabase;
  let children: ChildProcess[];

  beforeAll(async () => {
    database = await createTestDatabase('kit');
    children = [];
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await database.drop();
  });

  /** The app as a process of its own. */
  function run(given: string[], url = database.url) {
    const child = spawn(
      process.execPath,
      ['--require', '@swc-node/register', join(__dirname, 'testing/kit-main.ts'), ...given],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          NODE_ENV: 'test',
          SWC_NODE_PROJECT: join(ROOT, 'tsconfig.base.json'),
          KIT_DATABASE_URL: url,
        },
      },
    );
    children.push(child);
    const texts = { out: '', err: '' };
    child.stderr.on('data', (text) => (texts.err += text));
    const ready = new Promise<{ http: number; rpc: number }>((resolve) => {
      createInterface(child.stdout).on('line', (line) => {
        texts.out += `${line}\n`;
        if (line.includes('kit is ready')) resolve((JSON.parse(line) as { ports: never }).ports);
      });
    });
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...texts })));
    return { child, ready, ended: within(ended, 'the process should end', PROCESS_LIMIT_MS) };
  }

  it('tells how to fix what keeps it from starting, without a stack, and exits 1', async () => {
    const missing = new URL(database.url);
    missing.pathname = '/nowhere';
    const [unmigrated, nowhere] = await Promise.all([run([]).ended, run([], missing.href).ended]);
    expect(unmigrated).toEqual({
      code: 1,
      out: '',
      err: 'did not start: kit has migrations to run; run it once with --migrate\n',
    });
    expect(nowhere).toEqual({
      code: 1,
      out: '',
      err: 'did not start: kit cannot use PostgreSQL (3D000); start it, or set DATABASE_URL\n',
    });
  });

  it('runs the migrations with --migrate and exits 0, in two processes at once too; then the app starts', async () => {
    const migrated = await Promise.all([run(['--migrate']).ended, run(['--migrate']).ended]);
    expect(migrated.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
    expect(migrated.map(({ out }) => out).sort()).toEqual([
      'kit: 0 migrations run\n',
      'kit: 1 migrations run\n',
    ]);

    const app = run([]);
    const ports = await within(
      Promise.race([app.ready, app.ended]),
      'the app should be ready',
      PROCESS_LIMIT_MS,
    );
    if (!('rpc' in ports)) throw new Error(ports.err);
    const rpc = new BusRpcClient({ host: '127.0.0.1', port: ports.rpc });
    expect(await rpc.call<OperationReply>(RPC.execute, kitRequest(), { timeoutMs: 20_000 })).toMatchObject({
      reply: { status: 'completed' },
    });
    rpc.close();
    app.child.kill('SIGTERM');
    expect(await app.ended).toMatchObject({ code: 0, err: '' });
  });
});

describe(shellOptionsOf.name, () => {
  it('makes an app that is ready while its database answers', async () => {
    const kit = await startKitApp();
    await supertest(kit.url).get('/health/ready').expect(200);
    await kit.database.close();
    const { body } = await supertest(kit.url).get('/health/ready').expect(503);
    expect(body).toMatchObject({
      details: { database: { status: 'down', message: 'PostgreSQL does not answer' } },
    });
    await kit.stop();
  });

  it('makes an app that closes its connections when it is closed', async () => {
    const kit = await startKitApp();
    const dataSource = kit.app.get(DataSource, { strict: false });
    expect(dataSource.isInitialized).toBe(true);
    await kit.app.close();
    expect(dataSource.isInitialized).toBe(false);
    await kit.stop();
  });
});

describe(DataSourceHealth.name, () => {
  it('says that PostgreSQL does not answer, and nothing of the connection', async () => {
    const health = new DataSourceHealth(kitDataSource('postgres://nobody:SECRET@127.0.0.1:1/nowhere'));
    await expect(health.check()).rejects.toThrow(/^PostgreSQL does not answer$/);
  });
});
