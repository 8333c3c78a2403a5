import { BusRpcClient, rpcPortOf, startApp } from '@bus/app-shell';
import type { INestApplication } from '@nestjs/common';
import { shellOptionsOf } from '../bootstrap-consumer';
import { ConsumerModule } from '../consumer.module';
import { KitDatabase } from './kit-database';
import { ApplyKit, KIT_EVENTS, ObeyKit } from './kit-handlers';

export interface KitApp {
  app: INestApplication;
  database: KitDatabase;
  /** `http://127.0.0.1:<port>` */
  url: string;
  rpcPort: number;
  rpc: BusRpcClient;
  handler: ObeyKit;
  stop(): Promise<void>;
}

/** A real consumer app with `kit.apply` and `kit.obey`, on free ports and a database of its own. */
export async function startKitApp(): Promise<KitApp> {
  const database = await KitDatabase.open();
  const app = await startApp(
    shellOptionsOf({
      name: 'kit',
      module: ConsumerModule.register({
        service: 'kit',
        version: '1.2.3',
        handlers: [ApplyKit, ObeyKit],
        operations: { 'kit.apply': KIT_EVENTS, 'kit.obey': ['kit.asked', 'kit.other'] },
      }),
      config: { httpPort: 0, rpcPort: 0, host: '127.0.0.1', logLevel: 'silent' },
      // Its own: an app closes the source that it was given.
      dataSource: await database.another(),
    }),
  );
  const rpcPort = rpcPortOf(app);
  const rpc = new BusRpcClient({ host: '127.0.0.1', port: rpcPort });
  return {
    app,
    database,
    url: await app.getUrl(),
    rpcPort,
    rpc,
    handler: app.get(ObeyKit, { strict: false }),
    async stop() {
      rpc.close();
      await app.close();
      await database.close();
    },
  };
}
