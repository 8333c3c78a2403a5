import type { OperationRequest } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { RecipientRepository } from '../recipient.repository';
import { SentMessageRepository } from '../sent-message.repository';
import { orderPaidText, paymentReminderText } from '../sms-texts';
import { orderPaidRequest } from '../testing/order-paid-request';
import { startTestDataSource } from '../testing/test-data-source';
import { AliyunSmsApi } from './aliyun-sms-api';
import { AliyunSmsProvider } from './aliyun-sms-provider';
import { AliyunServer } from './testing/aliyun-server';

describe(AliyunSmsProvider.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let server: AliyunServer;
  let provider: AliyunSmsProvider;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    await dataSource.getRepository('recipient').insert({ userId: 'user-7', phone: '+8613900000007' });
  });
  afterAll(() => stop());
  beforeEach(async () => {
    server = new AliyunServer();
    const endpoint = await server.start();
    const access = { accessKeyId: 'key-id', accessKeySecret: 'key-secret', endpoint };
    const templateCodes = { order_paid: 'SMS_1', payment_reminder: 'SMS_2' };
    provider = new AliyunSmsProvider(
      dataSource,
      new AliyunSmsApi({ ...access, protocol: 'HTTP', timeoutMs: 10_000 }),
      { signName: 'shop', templateCodes },
      new RecipientRepository(),
      new SentMessageRepository(),
    );
  });
  afterEach(() => server.stop());

  const send = (request: OperationRequest<'order.paid'>, userId = 'user-7') =>
    provider.send(request, userId, orderPaidText(request.event.payload));
  const sent = (executionId: string) => dataSource.getRepository('sent_message').findBy({ executionId });

  it("sends to the user's phone in the text's own template and keeps what was sent", async () => {
    const request = orderPaidRequest();
    expect(await send(request)).toMatchObject({ status: 'completed' });
    expect(server.received[0].query).toMatchObject({
      PhoneNumbers: '+8613900000007',
      TemplateCode: 'SMS_1',
      TemplateParam: '{"order":"1001","amount":"99.00"}',
      OutId: request.executionId,
    });
    expect(await sent(request.executionId)).toMatchObject([
      { recipient: '+8613900000007', provider: 'aliyun', providerMessageId: AliyunServer.bizId },
    ]);
    const reminder = orderPaidRequest();
    await provider.send(reminder, 'user-7', paymentReminderText(reminder.event.payload));
    expect(server.received[1].query).toMatchObject({
      TemplateCode: 'SMS_2',
      TemplateParam: '{"order":"1001"}',
    });
  });

  it('rejects a user without a phone number and calls nobody', async () => {
    expect(await send(orderPaidRequest(), 'stranger')).toMatchObject({
      status: 'rejected',
      code: 'no_recipient',
    });
    expect(server.received).toHaveLength(0);
  });

  it('sends nothing more when an execution that is done is called again', async () => {
    const request = orderPaidRequest();
    await send(request);
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed', duplicate: true });
    expect(server.received).toHaveLength(1);
  });

  it('sends again after a refusal that passes', async () => {
    const request = orderPaidRequest();
    server.refuse('isv.AMOUNT_NOT_ENOUGH', '账户余额不足');
    expect(await send(request)).toMatchObject({ status: 'retry', code: 'sms_balance_used_up' });
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed' });
    expect(await sent(request.executionId)).toHaveLength(1);
  });

  it('sends again after a lost answer, where the effect is at least once', async () => {
    const request = orderPaidRequest();
    server.nextAnswers.push('reset');
    await expect(send(request)).rejects.toThrow('unknown');
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed' });
    expect(server.received).toHaveLength(2);
  });

  it('never sends again after a lost answer, where the effect is at most once', async () => {
    const request = orderPaidRequest({ effect: 'at_most_once' });
    server.nextAnswers.push('reset');
    await expect(send(request)).rejects.toThrow('unknown');
    expect(await send({ ...request, attempt: 2 })).toMatchObject({
      status: 'rejected',
      code: 'outcome_unknown',
    });
    expect(server.received).toHaveLength(1);
  });
});
