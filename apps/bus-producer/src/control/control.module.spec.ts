import { RPC } from '@bus/contracts';
import { BusStoreModule } from '@bus/store';
import { createStoreDatabase } from '@bus/store/testing';
import { InMemoryBroker } from '@bus/broker/testing';
import { type DynamicModule, Module } from '@nestjs/common';
import supertest from 'supertest';
import { PublishModule } from '../publish/publish.module';
import { StoreHints } from '../publish/store-hints';
import { brokerModule, type RunningProducer, startProducer } from '../testing/start-producer';
import { type SwitchableLine, switchableLine } from '../testing/switchable-line';
import { ControlModule } from './control.module';
import { StoreHintsScheduler } from './store-hints.scheduler';

@Module({})
class WholeModule {}

const EVENT = { messageId: 'm-1', source: 's', type: 'any.type', payload: {} };

describe(`${ControlModule.name}, with the store away`, () => {
  let database: Awaited<ReturnType<typeof createStoreDatabase>>;
  let line: SwitchableLine;
  let producer: RunningProducer;

  beforeAll(async () => {
    database = await createStoreDatabase('producer');
    line = await switchableLine(database.url);
    line.cut();
    const publish = PublishModule.forRoot(brokerModule(new InMemoryBroker().publisher()));
    const store = BusStoreModule.forRoot({ databaseUrl: line.url, applicationName: 'bus-producer' });
    const module: DynamicModule = {
      module: WholeModule,
      imports: [publish, ControlModule.forRoot(store, publish)],
    };
    producer = await startProducer({ module });
  });
  afterAll(async () => {
    await producer.stop();
    await line.close();
    await database.drop();
  });

  const http = () => supertest(producer.url);
  const refresh = () => producer.app.get(StoreHintsScheduler, { strict: false }).refresh();

  it('bad-71: starts, publishes and is ready; cancel, reschedule and status answer 503 unknown', async () => {
    line.cut();
    await http().post('/v1/events').send(EVENT).expect(202);
    await http().get('/health/ready').expect(200);
    const unavailable = { error: { code: 'unavailable', outcome: 'unknown', faults: [] } };
    expect((await http().delete('/v1/events/s/m-1').expect(503)).body).toMatchObject(unavailable);
    expect((await http().get('/v1/events/s/m-1').expect(503)).body).toMatchObject(unavailable);
    const patch = await http()
      .patch('/v1/events/s/m-1')
      .send({ deliverAt: '2026-03-01T12:00:00Z' })
      .expect(503);
    expect(patch.body).toMatchObject(unavailable);
    const rpc = await producer.rpc.call(RPC.cancel, { event: EVENT }, { timeoutMs: 5_000 });
    expect(rpc).toMatchObject({ outcome: 'error', error: unavailable });
  });

  it('goes on by itself once the store is back, and again after it broke', async () => {
    line.mend();
    const cancel = (id: string) => http().delete(`/v1/events/s/${id}`);
    expect((await cancel('m-2').expect(200)).body).toMatchObject({ outcome: 'cancelled' });
    line.cut();
    await cancel('m-3').expect(503);
    line.mend();
    expect((await cancel('m-3').expect(200)).body).toMatchObject({ outcome: 'cancelled' });
  });

  it('learns from the store in the background and keeps what it knows while the store is away', async () => {
    line.mend();
    await refresh();
    await refresh();
    const hints = producer.app.get(StoreHints, { strict: false });
    expect(hints.knownTypes).toEqual(new Set());
    expect(Math.abs(hints.databaseOffsetMs ?? Infinity)).toBeLessThan(1000);
    expect(await producer.metrics()).toMatch(/bus_database_clock_offset_seconds -?\d/);
    hints.knownTypes = new Set(['kept']);
    line.cut();
    await refresh();
    await refresh();
    expect(hints.knownTypes).toEqual(new Set(['kept']));
  });
});
