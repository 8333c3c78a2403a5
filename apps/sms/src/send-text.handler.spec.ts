import { operationConformance } from '@bus/consumer-kit/testing';
import type { DataSource } from 'typeorm';
import { SandboxSmsProvider } from './providers/sandbox-sms-provider';
import { SendText } from './send-text.handler';
import { SentMessageRepository } from './sent-message.repository';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

const inSandbox = (dataSource: DataSource) =>
  new SendText(new SandboxSmsProvider(dataSource, new SentMessageRepository()));

operationConformance({
  title: SendText.name,
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    return {
      handler: inSandbox(dataSource),
      dataSource,
      request: orderPaidRequest,
      effects: () => dataSource.getRepository('sent_message').count(),
      close: stop,
    };
  },
});

describe(SendText.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  it('tells the customer that the payment has come in', async () => {
    const request = orderPaidRequest();
    expect(await inSandbox(dataSource).execute(request)).toEqual({ status: 'completed' });
    expect(await dataSource.getRepository('sent_message').find()).toEqual([
      {
        executionId: request.executionId,
        recipient: 'user-7',
        content: 'Your payment of $99.00 for order 1001 has come in. Thank you.',
        provider: 'sandbox',
        providerMessageId: `sandbox-${request.executionId}`,
        sentAt: expect.any(Date),
      },
    ]);
  });
});
