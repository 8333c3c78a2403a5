import { operationConformance } from '@bus/consumer-kit/testing';
import type { OperationRequest } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { SandboxSmsProvider } from './providers/sandbox-sms-provider';
import { RemindPayment } from './remind-payment.handler';
import { SentMessageRepository } from './sent-message.repository';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

const inSandbox = (dataSource: DataSource) =>
  new RemindPayment(new SandboxSmsProvider(dataSource, new SentMessageRepository()));

/** A first attempt of `sms.remind-payment`. */
function paymentTimeoutRequest(
  over: Partial<OperationRequest> = {},
): OperationRequest<'order.payment-timeout'> {
  const { event, ...request } = orderPaidRequest();
  const payload = { orderId: '1001', userId: 'user-7' };
  return {
    ...request,
    operation: 'sms.remind-payment',
    event: { ...event, type: 'order.payment-timeout', payload },
    ...over,
  } as OperationRequest<'order.payment-timeout'>;
}

operationConformance({
  title: RemindPayment.name,
  async setup() {
    const { dataSource, stop } = await startTestDataSource();
    return {
      handler: inSandbox(dataSource),
      dataSource,
      request: paymentTimeoutRequest,
      effects: () => dataSource.getRepository('sent_message').count(),
      close: stop,
    };
  },
});

describe(RemindPayment.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
  });
  afterAll(() => stop());

  it('reminds the customer of the order that waits', async () => {
    expect(await inSandbox(dataSource).execute(paymentTimeoutRequest())).toMatchObject({
      status: 'completed',
    });
    expect(await dataSource.getRepository('sent_message').find()).toMatchObject([
      { recipient: 'user-7', content: 'Your order 1001 still waits for its payment.' },
    ]);
  });
});
