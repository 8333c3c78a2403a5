import { bootstrapConsumer } from '../bootstrap-consumer';
import { ConsumerModule } from '../consumer.module';
import { kitDataSource } from './kit-database';
import { ApplyKit, KIT_EVENTS } from './kit-handlers';

/** A consumer app as a process: `kit-main.ts [--migrate]`, with the database's URL in `KIT_DATABASE_URL`. */
void bootstrapConsumer(() => ({
  name: 'kit',
  version: '1.2.3',
  module: ConsumerModule.register({
    service: 'kit',
    version: '1.2.3',
    handlers: [ApplyKit],
    operations: { 'kit.apply': KIT_EVENTS },
  }),
  config: { httpPort: 0, rpcPort: 0, host: '127.0.0.1', logLevel: 'info' },
  dataSource: kitDataSource(process.env.KIT_DATABASE_URL ?? ''),
}));
