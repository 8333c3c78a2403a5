import { judgeAliyunRefusal } from './judge-aliyun-refusal';

const message = 'said so';

describe(judgeAliyunRefusal.name, () => {
  it.each([
    ['isv.MOBILE_NUMBER_ILLEGAL', 'invalid_recipient'],
    ['isv.SMS_SIGNATURE_ILLEGAL', 'invalid_signature'],
    ['isv.SMS_TEMPLATE_ILLEGAL', 'invalid_template'],
    ['isv.TEMPLATE_MISSING_PARAMETERS', 'invalid_template_data'],
    ['isv.BLACK_KEY_CONTROL_LIMIT', 'content_refused'],
    ['isv.INVALID_PARAMETERS', 'invalid_request'],
  ])('rejects %s, which no further attempt can change, as %s', (answered, code) => {
    expect(judgeAliyunRefusal({ code: answered, message })).toEqual({
      status: 'rejected',
      code,
      reason: `Alibaba Cloud answered ${answered}: said so`,
    });
  });

  it.each([
    ['isv.DAY_LIMIT_CONTROL', 'sms_quota_used_up', 3_600_000],
    ['isv.AMOUNT_NOT_ENOUGH', 'sms_balance_used_up', 600_000],
    ['isv.OUT_OF_SERVICE', 'sms_balance_used_up', 600_000],
    ['isp.RAM_PERMISSION_DENY', 'sms_not_authorized', 600_000],
    ['SignatureDoesNotMatch', 'sms_not_authorized', 600_000],
    ['Throttling.User', 'sms_rate_limited', 1_000],
  ])('retries %s as %s, after %i ms at the earliest', (answered, code, retryAfterMs) => {
    expect(judgeAliyunRefusal({ code: answered, message })).toMatchObject({
      status: 'retry',
      code,
      retryAfterMs,
    });
  });

  it('waits as long as the limit that the number has met', () => {
    const code = 'isv.BUSINESS_LIMIT_CONTROL';
    expect(judgeAliyunRefusal({ code, message: '触发分钟级流控Permits:1' })).toMatchObject({
      status: 'retry',
      code: 'sms_rate_limited',
      retryAfterMs: 60_000,
    });
    expect(judgeAliyunRefusal({ code, message: '触发天级流控Permits:40' })).toMatchObject({
      retryAfterMs: 3_600_000,
    });
  });

  it('waits as long as the gateway asks for', () => {
    expect(judgeAliyunRefusal({ code: 'Throttling.Api', message, retryAfterMs: 7_000 })).toMatchObject({
      retryAfterMs: 7_000,
    });
  });

  it('retries faults of the service and codes that it does not know', () => {
    expect(judgeAliyunRefusal({ code: 'isp.SYSTEM_ERROR', message })).toMatchObject({
      status: 'retry',
      code: 'sms_busy',
    });
    expect(judgeAliyunRefusal({ code: 'isv.NEW', message })).toMatchObject({
      status: 'retry',
      code: 'sms_isv.NEW',
    });
  });
});
