import { createServer, type AddressInfo } from 'node:net';
import { AliyunSmsApi, type AliyunText } from './aliyun-sms-api';
import { SmsOutcomeUnknownError } from './sms.errors';
import { AliyunServer } from './testing/aliyun-server';

const text: AliyunText = {
  phone: '+8613900000007',
  signName: '晨光商店',
  templateCode: 'SMS_153050001',
  variables: { order: '1001', amount: '99.05' },
  outId: '0195e7a8-0000-7000-8000-000000000001',
};

describe(AliyunSmsApi.name, () => {
  let server: AliyunServer;
  let api: AliyunSmsApi;
  /** For answers that never come. */
  let impatient: AliyunSmsApi;

  beforeEach(async () => {
    server = new AliyunServer();
    const endpoint = await server.start();
    api = apiAt(endpoint);
    impatient = apiAt(endpoint, 200);
  });
  afterEach(() => server.stop());

  function apiAt(endpoint: string, timeoutMs = 10_000): AliyunSmsApi {
    return new AliyunSmsApi({
      accessKeyId: 'key-id',
      accessKeySecret: 'key-secret',
      endpoint,
      protocol: 'HTTP',
      timeoutMs,
    });
  }

  it('sends the text, signed, with the execution as its OutId, and hands on the receipt id', async () => {
    expect(await api.send(text)).toEqual({
      status: 'completed',
      output: { providerMessageId: AliyunServer.bizId },
    });
    expect(server.received).toHaveLength(1);
    expect(server.received[0].query).toEqual({
      PhoneNumbers: '+8613900000007',
      SignName: '晨光商店',
      TemplateCode: 'SMS_153050001',
      TemplateParam: '{"order":"1001","amount":"99.05"}',
      OutId: text.outId,
    });
    expect(server.received[0].headers).toMatchObject({
      'x-acs-action': 'SendSms',
      'x-acs-version': '2017-05-25',
      authorization: expect.stringMatching(/^ACS3-HMAC-SHA256 Credential=key-id,.*Signature=[0-9a-f]{64}$/),
    });
  });

  it('hands on what the code of a refusal means', async () => {
    server.refuse('isv.MOBILE_NUMBER_ILLEGAL', '号码格式错误');
    server.refuse('isv.BUSINESS_LIMIT_CONTROL', '触发小时级流控Permits:5');
    expect(await api.send(text)).toMatchObject({ status: 'rejected', code: 'invalid_recipient' });
    expect(await api.send(text)).toMatchObject({ status: 'retry', retryAfterMs: 3_600_000 });
  });

  it('retries what the gateway throttles, as late as the gateway asks', async () => {
    const body = { Code: 'Throttling.User', Message: 'Request was denied due to user flow control.' };
    server.nextAnswers.push(
      { status: 400, headers: { 'x-acs-retry-after': '4000' }, body },
      { status: 503, body },
    );
    expect(await api.send(text)).toMatchObject({
      status: 'retry',
      code: 'sms_rate_limited',
      retryAfterMs: 4_000,
    });
    expect(await api.send(text)).toMatchObject({ status: 'retry', retryAfterMs: 1_000 });
  });

  it('retries a wrong access key, which an operator can set right', async () => {
    const body = { Code: 'InvalidAccessKeyId.NotFound', Message: 'Specified access key is not found.' };
    server.nextAnswers.push({ status: 404, body });
    expect(await api.send(text)).toMatchObject({ status: 'retry', code: 'sms_not_authorized' });
  });

  describe('a lost answer', () => {
    it.each([
      ['no answer in time', 'hang' as const],
      ['a connection that breaks', 'reset' as const],
      ['broken JSON', { body: '{"Code":' }],
      ['an answer without a code', { body: {} }],
      ['an error page', { status: 502, body: '<html>' }],
      ['a fault of the service', { status: 500, body: { Code: 'InternalError', Message: 'unknown' } }],
    ])('is an unknown outcome, never a success or a refusal: %s', async (_, answer) => {
      server.nextAnswers.push(answer);
      const caller = answer === 'hang' ? impatient : api;
      await expect(caller.send(text)).rejects.toThrow(SmsOutcomeUnknownError);
    });

    it.each(['hang' as const, 'reset' as const])(
      'names no phone number in its error (%s)',
      async (answer) => {
        server.nextAnswers.push(answer);
        const error = (await impatient.send(text).catch((reason: unknown) => reason)) as Error;
        expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toMatch(
          /13900000007|1001/,
        );
      },
    );
  });

  it('says that nothing was sent where the service cannot be reached', async () => {
    expect(await apiAt(await closedPort()).send(text)).toMatchObject({
      status: 'retry',
      code: 'sms_unreachable',
      reason: expect.not.stringContaining('13900000007'),
    });
  });

  it('leaves the service alone for a while after five failures in a row', async () => {
    server.nextAnswers.push(...Array<'reset'>(5).fill('reset'));
    for (let call = 1; call <= 5; call++) await expect(api.send(text)).rejects.toThrow();
    expect(await api.send(text)).toMatchObject({
      status: 'retry',
      code: 'sms_unreachable',
      retryAfterMs: 10_000,
    });
    expect(server.received).toHaveLength(5);
  });
});

/** Host and port where nobody listens. */
async function closedPort(): Promise<string> {
  const probe = createServer();
  await new Promise<void>((ready) => probe.listen(0, '127.0.0.1', ready));
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  return `127.0.0.1:${port}`;
}
