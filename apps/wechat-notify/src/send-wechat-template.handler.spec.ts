import { operationConformance } from '@bus/consumer-kit/testing';
import type { DataSource } from 'typeorm';
import { SandboxWechatProvider } from './providers/sandbox-wechat-provider';
import { SendWechatTemplate } from './send-wechat-template.handler';
import { SentMessageRepository } from './sent-message.repository';
import { orderPaidRequest } from './testing/order-paid-request';
import { startTestDataSource } from './testing/test-data-source';

const inSandbox = (dataSource: DataSource) =>
  new SendWechatTemplate(new SandboxWechatProvider(dataSource, new SentMessageRepository()));

operationConformance({
  title: SendWechatTemplate.name,
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

describe(SendWechatTemplate.name, () => {
  const coupon = { code: '7K3M-9QXT-2HVB', discountCents: 500, expiresAt: '2027-01-31T12:00:00.000Z' };
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let handler: SendWechatTemplate;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    handler = inSandbox(dataSource);
  });
  afterAll(() => stop());

  it('speaks of the coupon that coupons.issue handed on', async () => {
    const request = orderPaidRequest({ inputs: { 'coupons.issue': coupon } });
    expect(await handler.execute(request)).toEqual({ status: 'completed' });
    const { executionId } = request;
    expect(await dataSource.getRepository('sent_message').findOneBy({ executionId })).toEqual({
      executionId,
      recipient: 'user-7',
      content: 'Your order 1001 of $99.00 is paid. Coupon 7K3M-9QXT-2HVB: $5.00 off until 2027-01-31.',
      provider: 'sandbox',
      providerMessageId: `sandbox-${request.executionId}`,
      sentAt: expect.any(Date),
    });
  });

  it.each([undefined, {}, { 'other.operation': coupon }])(
    'goes without a coupon where none was handed on: %j',
    async (inputs) => {
      const request = orderPaidRequest({ inputs });
      expect(await handler.execute(request)).toMatchObject({ status: 'completed' });
      const sent = await dataSource.getRepository('sent_message').findOneByOrFail({
        executionId: request.executionId,
      });
      expect(sent['content']).toBe('Your order 1001 of $99.00 is paid.');
    },
  );

  it.each([{ 'coupons.issue': 'CODE' }, { 'coupons.issue': { ...coupon, code: 7 } }])(
    'rejects what is no coupon, without sending: %j',
    async (inputs) => {
      const before = await dataSource.getRepository('sent_message').count();
      expect(await handler.execute(orderPaidRequest({ inputs }))).toMatchObject({
        status: 'rejected',
        code: 'invalid_input',
      });
      expect(await dataSource.getRepository('sent_message').count()).toBe(before);
    },
  );
});
