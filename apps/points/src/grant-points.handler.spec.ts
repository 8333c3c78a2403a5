import { operationConformance } from '@bus/consumer-kit/testing';
import type { DataSource } from 'typeorm';
import { GrantPoints } from './grant-points.handler';
import { LedgerRepository } from './ledger.repository';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

operationConformance({
  title: GrantPoints.name,
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    return {
      handler: new GrantPoints(dataSource, new LedgerRepository()),
      dataSource,
      request: orderPaidRequest,
      effects: () => dataSource.getRepository('ledger_entry').count(),
      close: stop,
    };
  },
});

describe(GrantPoints.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let handler: GrantPoints;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    handler = new GrantPoints(dataSource, new LedgerRepository());
  });
  afterAll(() => stop());

  it('grants one point per whole dollar to the customer', async () => {
    const request = orderPaidRequest();
    expect(await handler.execute(request)).toEqual({ status: 'completed' });
    const entries = await dataSource.getRepository('ledger_entry').find();
    expect(entries).toEqual([
      {
        entryId: expect.any(String),
        accountId: 'user-7',
        points: '99',
        executionId: request.executionId,
        messageId: request.event.messageId,
        createdAt: expect.any(Date),
      },
    ]);
  });

  it('writes account and entry for an order of 0 points', async () => {
    const { event } = orderPaidRequest();
    const payload = { ...event.payload, userId: 'user-0', amountCents: 99 };
    const result = await handler.execute(orderPaidRequest({ event: { ...event, payload } }));
    expect(result).toEqual({ status: 'completed' });
    expect(await dataSource.getRepository('account').findOneBy({ accountId: 'user-0' })).toEqual({
      accountId: 'user-0',
      balance: '0',
    });
  });
});
