import type { TestDatabase } from '@bus/embedded-postgres';
import { Test } from '@nestjs/testing';
import { BusStoreModule } from './bus-store.module';
import { EventControlStore } from './event-control-store';
import { EventInbox } from './event-inbox';
import { PartitionUpkeep } from './partition-upkeep';
import { StorePool } from './postgres/connection';
import { createStoreDatabase } from './testing';

describe(BusStoreModule, () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createStoreDatabase('module');
  });
  afterAll(() => database.drop());

  it('starts while Postgres is away, and connects when it is first used', async () => {
    const app = await Test.createTestingModule({
      imports: [
        BusStoreModule.forRoot({ databaseUrl: 'postgres://bus@127.0.0.1:9/none', applicationName: 'spec' }),
      ],
    }).compile();
    await app.init();
    await expect(app.get(EventInbox).positions('log', new Map([[0, 0n]]))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
    await app.close();
  });

  it('provides the ports on one pool and ends it last', async () => {
    const app = await Test.createTestingModule({
      imports: [BusStoreModule.forRoot({ databaseUrl: database.url, poolSize: 2, applicationName: 'spec' })],
    }).compile();
    await app.init();
    const pool = app.get(StorePool);
    expect(await app.get(EventInbox).positions('log', new Map([[0, 3n]]))).toEqual(new Map([[0, 3n]]));
    expect(await app.get(EventControlStore).getEvent({ source: 's', messageId: 'm' })).toBeNull();
    expect(await app.get(PartitionUpkeep).defaultRowsNewerThanOldest()).toBe(0);
    expect([pool.options.max, pool.totalCount]).toEqual([2, 1]);
    await app.close();
    expect(pool.ended).toBe(true);
  });
});
