import { completed, OperationConsumer, OperationHandler, type OperationRequest } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { readPayload } from '../payload';
import { withProviderIdempotency } from '../with-provider-idempotency';
import { KitDatabase } from './kit-database';
import { ApplyKit, KIT_EVENTS } from './kit-handlers';
import { kitRequest } from './kit-request';
import { operationConformance } from './operation.conformance';

/** A machine that others use too. */
jest.setTimeout(60_000);

/** An effect at a provider that honours no idempotency key. */
@OperationConsumer('kit.apply')
class SendKit extends OperationHandler {
  readonly sent: string[] = [];

  constructor(private readonly dataSource: DataSource) {
    super();
  }

  async execute(request: OperationRequest) {
    const { note } = readPayload(request, KIT_EVENTS);
    return withProviderIdempotency(this.dataSource, request, async (idempotencyKey) => {
      this.sent.push(note);
      return completed({ idempotencyKey });
    });
  }
}

operationConformance({
  title: `${operationConformance.name}: a handler with an effect in the database`,
  async setup() {
    const database = await KitDatabase.open();
    return {
      handler: new ApplyKit(database.dataSource),
      dataSource: database.dataSource,
      request: kitRequest,
      effects: async () => (await database.dataSource.query('select 1 from kit.effect')).length,
      close: () => database.close(),
    };
  },
});

operationConformance({
  title: `${operationConformance.name}: a handler with an effect at a provider`,
  async setup() {
    const database = await KitDatabase.open();
    const handler = new SendKit(database.dataSource);
    return {
      handler,
      dataSource: database.dataSource,
      request: kitRequest,
      effects: async () => handler.sent.length,
      close: () => database.close(),
    };
  },
});
