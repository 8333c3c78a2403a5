import { judgeWechatRefusal, refusesToken } from './judge-wechat-answer';

const errmsg = 'said so';

describe(judgeWechatRefusal.name, () => {
  it.each([
    [40003, 'invalid_recipient'],
    [43004, 'not_following'],
    [43101, 'refused_by_user'],
    [50002, 'recipient_limited'],
    [40037, 'invalid_template'],
    [47003, 'invalid_template_data'],
    [47001, 'invalid_request'],
  ])('rejects %i, which no further attempt can change, as %s', (errcode, code) => {
    expect(judgeWechatRefusal({ errcode, errmsg })).toEqual({
      status: 'rejected',
      code,
      reason: `WeChat answered ${errcode}: said so`,
    });
  });

  it.each([
    [-1, 'wechat_busy', 1_000],
    [45011, 'wechat_rate_limited', 60_000],
    [45009, 'wechat_quota_used_up', 3_600_000],
    [42001, 'wechat_not_authorized', 60_000],
    [40164, 'wechat_not_authorized', 60_000],
    [48001, 'wechat_not_authorized', 600_000],
  ])('retries %i as %s, after %i ms at the earliest', (errcode, code, retryAfterMs) => {
    expect(judgeWechatRefusal({ errcode, errmsg })).toMatchObject({ status: 'retry', code, retryAfterMs });
  });

  it('retries a code that it does not know and says which', () => {
    expect(judgeWechatRefusal({ errcode: 99999, errmsg })).toMatchObject({
      status: 'retry',
      code: 'wechat_99999',
    });
  });
});

describe(refusesToken.name, () => {
  it('holds for a wrong, an invalid and an expired token alone', () => {
    expect(
      [40001, 40014, 42001, -1, 0, 40003].filter((errcode) => refusesToken({ errcode, errmsg })),
    ).toEqual([40001, 40014, 42001]);
  });
});
