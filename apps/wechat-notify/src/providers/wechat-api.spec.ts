import { createServer, type AddressInfo } from 'node:net';
import { WechatServer } from './testing/wechat-server';
import { WechatApi, type TemplateMessage } from './wechat-api';
import { WechatOutcomeUnknownError } from './wechat.errors';

const message: TemplateMessage = {
  touser: 'open-7',
  template_id: 'template-1',
  data: { character_string1: { value: '1001' } },
  client_msg_id: '0195e7a8-0000-7000-8000-000000000001',
};

describe(WechatApi.name, () => {
  let server: WechatServer;
  let api: WechatApi;
  /** For answers that never come. */
  let impatient: WechatApi;
  let nowMs: number;

  beforeEach(async () => {
    server = new WechatServer();
    nowMs = 0;
    const baseUrl = await server.start();
    api = apiAt(baseUrl);
    impatient = apiAt(baseUrl, 200);
  });
  afterEach(async () => {
    await api.close();
    await impatient.close();
    await server.stop();
  });

  function apiAt(baseUrl: string, timeoutMs = 10_000): WechatApi {
    const account = { appId: 'wx-app', appSecret: 'wx-secret' };
    return new WechatApi({ baseUrl, timeoutMs, ...account }, { monotonicMs: () => nowMs });
  }

  it('sends the message with the token of the account and hands on the whole msgid', async () => {
    expect(await api.sendTemplate(message)).toEqual({
      status: 'completed',
      output: { providerMessageId: WechatServer.msgid },
    });
    expect(server.tokenRequests).toEqual([
      { grant_type: 'client_credential', appid: 'wx-app', secret: 'wx-secret', force_refresh: false },
    ]);
    expect(server.sends).toEqual([{ token: 'token-1', message }]);
  });

  it('hands on what the error code of a refusal means', async () => {
    server.nextSendAnswers.push(
      { errcode: 43004, errmsg: 'require subscribe' },
      { errcode: 45011, errmsg: 'api minute-quota reach limit' },
    );
    expect(await api.sendTemplate(message)).toMatchObject({ status: 'rejected', code: 'not_following' });
    expect(await api.sendTemplate(message)).toMatchObject({ status: 'retry', retryAfterMs: 60_000 });
  });

  describe('the access token', () => {
    it('is fetched once for calls that start together', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, () => api.sendTemplate(message)));
      expect(results.every(({ status }) => status === 'completed')).toBe(true);
      expect(server.tokenRequests).toHaveLength(1);
    });

    it('is kept until 5 minutes before its end, then renewed', async () => {
      await api.sendTemplate(message);
      nowMs = 6_900_000 - 1;
      await api.sendTemplate(message);
      expect(server.tokenRequests).toHaveLength(1);
      nowMs = 6_900_000;
      await api.sendTemplate(message);
      expect(server.tokenRequests).toHaveLength(2);
    });

    it('is renewed once when many calls find it expired at the same time', async () => {
      await api.sendTemplate(message);
      server.expireToken();
      const results = await Promise.all(Array.from({ length: 20 }, () => api.sendTemplate(message)));
      expect(results.every(({ status }) => status === 'completed')).toBe(true);
      expect(server.tokenRequests).toHaveLength(2);
      expect(server.sends.at(-1)?.token).toBe('token-2');
    });

    it('is forced anew where WeChat still hands out the one that it refuses', async () => {
      await api.sendTemplate(message);
      server.revokeToken();
      expect(await api.sendTemplate(message)).toMatchObject({ status: 'completed' });
      expect(server.tokenRequests.map(({ force_refresh }) => force_refresh)).toEqual([false, false, true]);
    });

    it('is tried twice and no more: a second refusal is retried later', async () => {
      const refusal = { errcode: 42001, errmsg: 'access_token expired' };
      server.nextSendAnswers.push(refusal, refusal);
      expect(await api.sendTemplate(message)).toMatchObject({
        status: 'retry',
        code: 'wechat_not_authorized',
      });
      expect(server.sends).toHaveLength(2);
    });

    it('is used to its end where no new one can be had', async () => {
      await api.sendTemplate(message);
      nowMs = 7_000_000;
      server.nextTokenAnswers.push({ errcode: -1, errmsg: 'system error' }, { text: '<html>', status: 502 });
      expect(await api.sendTemplate(message)).toMatchObject({ status: 'completed' });
      expect(await api.sendTemplate(message)).toMatchObject({ status: 'completed' });
      expect(server.tokenRequests).toHaveLength(3);
    });

    it('is refused for a wrong secret: retried, since an operator can set it right', async () => {
      server.nextTokenAnswers.push({ errcode: 40125, errmsg: 'invalid appsecret' });
      expect(await api.sendTemplate(message)).toMatchObject({
        status: 'retry',
        code: 'wechat_not_authorized',
      });
      expect(server.sends).toHaveLength(0);
    });

    it.each([['hang' as const], [{ text: '{"access_token":' }], [{ text: '[]' }]])(
      'keeps the message unsent where the token answer is %j',
      async (answer) => {
        server.nextTokenAnswers.push(answer);
        expect(await impatient.sendTemplate(message)).toMatchObject({
          status: 'retry',
          code: 'wechat_unreachable',
        });
        expect(server.sends).toHaveLength(0);
      },
    );
  });

  describe('a lost answer', () => {
    it.each([
      ['no answer in time', 'hang' as const],
      ['a connection that breaks', 'reset' as const],
      ['broken JSON', { text: '{"errcode":0,' }],
      ['JSON that is no answer', { text: '{"ok":true}' }],
      ['an error page', { text: '<html>', status: 502 }],
      ['an endless answer', { text: 'x'.repeat(100_000) }],
    ])('is an unknown outcome, never a success or a refusal: %s', async (_, answer) => {
      server.nextSendAnswers.push(answer);
      const caller = answer === 'hang' ? impatient : api;
      await expect(caller.sendTemplate(message)).rejects.toThrow(WechatOutcomeUnknownError);
    });

    it('names neither the token nor the secret in its error', async () => {
      server.nextSendAnswers.push('hang');
      const error = (await impatient.sendTemplate(message).catch((reason: unknown) => reason)) as Error;
      const told = `${error.stack} ${JSON.stringify(error)} ${(error.cause as Error).stack}`;
      expect(told).not.toMatch(/token-1|wx-secret/);
    });
  });

  it('says that nothing was sent where WeChat cannot be reached', async () => {
    const lost = apiAt(await closedPort());
    expect(await lost.sendTemplate(message)).toMatchObject({ status: 'retry', code: 'wechat_unreachable' });
    await lost.close();
  });

  it('leaves WeChat alone for a while after five failures in a row', async () => {
    server.nextSendAnswers.push(...Array<'reset'>(5).fill('reset'));
    for (let call = 1; call <= 5; call++) await expect(api.sendTemplate(message)).rejects.toThrow();
    expect(await api.sendTemplate(message)).toMatchObject({
      status: 'retry',
      code: 'wechat_unreachable',
      retryAfterMs: 10_000,
    });
    expect(server.sends).toHaveLength(5);
  });
});

/** A base URL where nobody listens. */
async function closedPort(): Promise<string> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return `http://127.0.0.1:${port}`;
}
