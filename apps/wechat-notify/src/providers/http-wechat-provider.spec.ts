import type { OperationRequest } from '@bus/contracts';
import type { DataSource } from 'typeorm';
import { orderPaidMessage } from '../order-paid-message';
import { RecipientRepository } from '../recipient.repository';
import { SentMessageRepository } from '../sent-message.repository';
import { orderPaidRequest } from '../testing/order-paid-request';
import { startTestDataSource } from '../testing/test-data-source';
import { HttpWechatProvider } from './http-wechat-provider';
import { WechatServer } from './testing/wechat-server';
import { WechatApi } from './wechat-api';

describe(HttpWechatProvider.name, () => {
  let dataSource: DataSource;
  let stop: () => Promise<void>;
  let server: WechatServer;
  let provider: HttpWechatProvider;

  beforeAll(async () => {
    ({ dataSource, stop } = await startTestDataSource());
    await dataSource.getRepository('recipient').insert({ userId: 'user-7', openId: 'open-7' });
  });
  afterAll(() => stop());
  beforeEach(async () => {
    server = new WechatServer();
    const account = { appId: 'wx-app', appSecret: 'wx-secret' };
    const api = new WechatApi(
      { baseUrl: await server.start(), timeoutMs: 10_000, ...account },
      { monotonicMs: () => 0 },
    );
    const template = { templateId: 'template-1', fields: { order: 'character_string1', coupon: 'thing3' } };
    provider = new HttpWechatProvider(
      dataSource,
      api,
      template,
      new RecipientRepository(),
      new SentMessageRepository(),
    );
  });
  afterEach(async () => {
    await provider.onModuleDestroy();
    await server.stop();
  });

  const send = (request: OperationRequest<'order.paid'>, userId = 'user-7') =>
    provider.send(request, userId, orderPaidMessage(request.event.payload, null));
  const sent = (executionId: string) => dataSource.getRepository('sent_message').findBy({ executionId });

  it("sends the template's fields to the user's open id and keeps what was sent", async () => {
    const request = orderPaidRequest();
    expect(await send(request)).toMatchObject({ status: 'completed' });
    expect(server.sends[0].message).toEqual({
      touser: 'open-7',
      template_id: 'template-1',
      data: { character_string1: { value: '1001' }, thing3: { value: '-' } },
      client_msg_id: request.executionId,
    });
    expect(await sent(request.executionId)).toMatchObject([
      { recipient: 'open-7', provider: 'wechat', providerMessageId: WechatServer.msgid },
    ]);
  });

  it('rejects a user without an open id and calls nobody', async () => {
    const request = orderPaidRequest();
    expect(await send(request, 'stranger')).toMatchObject({ status: 'rejected', code: 'no_recipient' });
    expect(server.sends).toHaveLength(0);
  });

  it('sends nothing more when an execution that is done is called again', async () => {
    const request = orderPaidRequest();
    await send(request);
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed', duplicate: true });
    expect(server.sends).toHaveLength(1);
  });

  it('sends again after a refusal that passes', async () => {
    const request = orderPaidRequest();
    server.nextSendAnswers.push({ errcode: -1, errmsg: 'system error' });
    expect(await send(request)).toMatchObject({ status: 'retry', code: 'wechat_busy' });
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed' });
    expect(await sent(request.executionId)).toHaveLength(1);
  });

  it('sends again under the same key after a lost answer, where the effect is at least once', async () => {
    const request = orderPaidRequest();
    server.nextSendAnswers.push('reset');
    await expect(send(request)).rejects.toThrow('unknown');
    expect(await send({ ...request, attempt: 2 })).toMatchObject({ status: 'completed' });
    expect(server.sends.map(({ message }) => message.client_msg_id)).toEqual([
      request.executionId,
      request.executionId,
    ]);
  });

  it('never sends again after a lost answer, where the effect is at most once', async () => {
    const request = orderPaidRequest({ effect: 'at_most_once' });
    server.nextSendAnswers.push('reset');
    await expect(send(request)).rejects.toThrow('unknown');
    expect(await send({ ...request, attempt: 2 })).toMatchObject({
      status: 'rejected',
      code: 'outcome_unknown',
    });
    expect(server.sends).toHaveLength(1);
  });
});
