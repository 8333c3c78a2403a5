import { MetricsRegistry, startApp, StartupError } from '@bus/app-shell';
import { completed, OperationConsumer, OperationHandler } from '@bus/contracts';
import { Injectable, Module } from '@nestjs/common';
import { shellOptionsOf } from './bootstrap-consumer';
import { ConsumerModule, type ConsumerModuleOptions } from './consumer.module';
import { OperationRunner } from './operation-runner';
import { KitDatabase } from './testing/kit-database';
import { kitRequest } from './testing/kit-request';

/** A machine that others use too. */
jest.setTimeout(60_000);

@Injectable()
class Depot {
  readonly name = 'north';
}

@Module({ providers: [Depot], exports: [Depot] })
class DepotModule {}

@Injectable()
class Stock {
  constructor(readonly depot: Depot) {}
}

@Injectable()
@OperationConsumer('kit.pick', 'kit.pack')
class PickFromStock extends OperationHandler {
  constructor(
    private readonly stock: Stock,
    private readonly metrics: MetricsRegistry,
  ) {
    super();
  }

  async execute() {
    return completed({ depot: this.stock.depot.name, metrics: this.metrics instanceof MetricsRegistry });
  }
}

class NamesNothing extends PickFromStock {}
Object.defineProperty(NamesNothing, Symbol.for('omnibus.operations'), { value: [] });

describe(ConsumerModule.name, () => {
  let database: KitDatabase;

  beforeAll(async () => {
    database = await KitDatabase.open();
  });
  afterAll(() => database.close());

  const start = async (over: Partial<ConsumerModuleOptions>) => {
    const module = ConsumerModule.register({
      service: 'kit',
      version: '1.2.3',
      handlers: [PickFromStock],
      imports: [DepotModule],
      providers: [Stock],
      ...over,
    });
    const config = { httpPort: 0, rpcPort: 0, host: '127.0.0.1', logLevel: 'silent' as const };
    return startApp(shellOptionsOf({ name: 'kit', module, config, dataSource: await database.another() }));
  };

  it('gives handlers what they inject, and runs them', async () => {
    const app = await start({});
    const runner = app.get(OperationRunner, { strict: false });
    for (const operation of ['kit.pick', 'kit.pack'])
      expect(await runner.run(kitRequest({ operation }))).toMatchObject({
        operation,
        status: 'completed',
        output: { depot: 'north', metrics: true },
      });
    await app.close();
  });

  it('does not start where handlers are missing, double or name nothing, and says so at once', async () => {
    const starting = start({
      handlers: [PickFromStock, PickFromStock, NamesNothing],
      operations: { 'kit.pick': [], 'kit.pack': [], 'kit.ship': [] },
    });
    const error = await starting.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StartupError);
    expect((error as Error).message.split('\n')).toEqual([
      expect.stringContaining('kit.pick has two handlers'),
      expect.stringContaining('kit.pack has two handlers'),
      expect.stringContaining('NamesNothing names no operation'),
      expect.stringContaining("kit.ship has no handler; add @OperationConsumer('kit.ship')"),
    ]);
  });
});
