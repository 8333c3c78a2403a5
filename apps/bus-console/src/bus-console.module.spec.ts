import { SettingsError } from '@bus/app-shell';
import { ensureLog } from '@bus/broker';
import { createStorePool } from '@bus/store';
import { readConfig } from './bus-console.config';
import { BusConsoleModule } from './bus-console.module';
import { CONSOLE_READY_MS, openConsole, type ConsoleStage } from './testing/console-stage';

const endpoint = 'tcp://127.0.0.1:4101';
const eventType = 'order.paid';

describe(BusConsoleModule, () => {
  let stage: ConsoleStage;

  beforeAll(async () => {
    stage = await openConsole();
    const ids = await stage.seed.operations({
      'a.run': { eventType, endpoint },
      'b.run': { eventType, endpoint },
    });
    const eventId = await stage.seed.event({ key: 'k' });
    await stage.seed.due(eventId, ids['a.run'] ?? 0, -60_000);
    await stage.seed.deadLetter(eventId, ids['b.run'] ?? 0, 'too_old');
    await stage.seed.quarantined(9, { value: Buffer.from([0xff, 0x3c]) });
  }, CONSOLE_READY_MS);
  afterAll(() => stage.close());

  it('shows how the bus stands', async () => {
    const { body } = await stage.http.get('/api/v1/overview').expect(200);

    expect(body).toMatchObject({ eventsLastHour: 1, due: 1, overdue: 1, deadLetters: 1, quarantined: 1 });
    expect(body.operations).toMatchObject([
      { operation: 'a.run', due: 1 },
      { operation: 'b.run', deadLetters: 1 },
    ]);
  });

  it('shows how far bus-consumer is behind the log, or why that is not known', async () => {
    const before = await stage.http.get('/api/v1/overview').expect(200);
    expect(before.body.log.fault).toContain('run bus-migrate');

    const logId = await ensureLog({ broker: 'postgres', databaseUrl: stage.databaseUrl });
    await stage.pool.query('update bus_broker.partition set next_offset = 12 where partition = 3');
    await stage.pool.query('insert into bus.consumer_offset values ($1, 3, 5)', [logId]);

    const { body } = await stage.http.get('/api/v1/overview').expect(200);
    expect(body.log).toMatchObject({ logId, lag: '7', fault: null });
    expect(body.log.partitions[3]).toEqual({ partition: 3, end: '12', position: '5', lag: '7' });
  });

  it('lists executions by state and operation', async () => {
    const open = await stage.http.get('/api/v1/executions').expect(200);
    expect(open.body.rows).toMatchObject([{ operation: 'a.run', state: 'scheduled', key: 'k' }]);
    const dead = await stage.http.get('/api/v1/executions?state=dead&operation=b.run').expect(200);
    expect(dead.body.rows).toMatchObject([{ operation: 'b.run', state: 'dead' }]);
    await stage.http.get('/api/v1/executions?state=lost').expect(400);
  });

  it('lists dead letters by operation and cause', async () => {
    const found = await stage.http.get('/api/v1/dead-letters?operation=b.run&cause=too_old').expect(200);
    expect(found.body.rows).toMatchObject([{ operation: 'b.run', cause: 'too_old', messageId: 'message-1' }]);
    const none = await stage.http.get('/api/v1/dead-letters?cause=rejected').expect(200);
    expect(none.body).toEqual({ rows: [], nextCursor: null });
  });

  it('lists the quarantine, and gives one record with its raw bytes', async () => {
    const list = await stage.http.get('/api/v1/quarantine').expect(200);
    expect(list.body.rows).toMatchObject([{ offset: '9', fault: 'not_json', valueBytes: 2 }]);
    const { logId, partition, offset } = list.body.rows[0];
    const one = await stage.http
      .get('/api/v1/quarantine/record')
      .query({ logId, partition, offset })
      .expect(200);
    expect(one.body).toMatchObject({
      valueBase64: '/zw=',
      headers: [{ name: 'ce_id', valueBase64: 'eA==' }],
    });
    await stage.http.get('/api/v1/quarantine/record').query({ logId, partition, offset: '1' }).expect(404);
  });

  it('is ready with its database, and describes itself at /docs', async () => {
    await stage.http.get('/health/ready').expect(200);
    await stage.http.get('/docs').expect(200);
    const { body } = await stage.http.get('/docs-json').expect(200);
    expect(Object.keys(body.paths)).toEqual(
      expect.arrayContaining(['/api/v1/operations/activate', '/api/v1/events/{eventId}', '/api/v1/overview']),
    );
    const search = body.paths['/api/v1/events'].get;
    expect(search.parameters.map((parameter: { name: string }) => parameter.name)).toContain('orderId');
    expect(search.responses['200'].content['application/json'].schema.$ref).toBe(
      '#/components/schemas/EventPageAnswer',
    );
    expect(JSON.stringify(body)).not.toContain('nestjs-zod');
  });

  it('answers 503 where Postgres is away, is not ready, and goes on when it is back', async () => {
    const name = new URL(stage.databaseUrl).pathname.slice(1);
    const admin = createStorePool({
      connectionString: process.env['TEST_DATABASE_URL'] ?? '',
      applicationName: 'console-spec-admin',
    });
    await admin.query(`alter database ${name} allow_connections false`);
    await admin.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where datname = $1 and application_name = 'bus-console'`,
      [name],
    );
    const away = await stage.http.get('/api/v1/operations').expect(503);
    expect(away.body.error).toMatchObject({ code: 'unavailable', faults: [] });
    await stage.http.get('/health/ready').expect(503);

    await admin.query(`alter database ${name} allow_connections true`);
    await admin.end();
    await stage.http.get('/api/v1/operations').expect(200);
    await stage.http.get('/health/ready').expect(200);
  });
});

describe(readConfig, () => {
  it('names all wrong settings at once', () => {
    expect(() => readConfig({ HTTP_PORT: 'x', OPERATION_HOSTS: 'a b', BIND_HOST: '0.0.0.0' })).toThrow(
      SettingsError,
    );
  });

  it('stays on loopback unless it is told otherwise', () => {
    expect(() => readConfig({ BIND_HOST: '0.0.0.0' })).toThrow(/INSECURE_RPC/);
    expect(readConfig({ BIND_HOST: '0.0.0.0', INSECURE_RPC: 'true' }).host).toBe('0.0.0.0');
    expect(readConfig({})).toMatchObject({ host: '127.0.0.1', httpPort: 4010, operationHosts: [] });
  });
});
