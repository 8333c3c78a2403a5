import { rejected, retry, type OperationResult } from '@bus/contracts';

/** Body of an answer of WeChat's API. */
export interface WechatAnswer {
  errcode: number;
  errmsg: string;
}

/** The access token is no longer good: a new one is worth one more try. */
const TOKEN_REFUSED = new Set([40001, 40014, 42001]);

/** Calling again cannot help: the recipient or the message has to change. */
const REJECTED: Record<number, string> = {
  40003: 'invalid_recipient',
  43004: 'not_following',
  43101: 'refused_by_user',
  50002: 'recipient_limited',
  40036: 'invalid_template',
  40037: 'invalid_template',
  45002: 'invalid_template_data',
  47003: 'invalid_template_data',
  44002: 'invalid_request',
  47001: 'invalid_request',
};

/** Passes by itself, or when an operator has set the account right. Milliseconds to wait at least. */
const RETRIED: Record<number, { code: string; retryAfterMs: number }> = {
  [-1]: { code: 'wechat_busy', retryAfterMs: 1_000 },
  45011: { code: 'wechat_rate_limited', retryAfterMs: 60_000 },
  45009: { code: 'wechat_quota_used_up', retryAfterMs: 3_600_000 },
  40001: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  40014: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  42001: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  40013: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  40125: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  40164: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  40243: { code: 'wechat_not_authorized', retryAfterMs: 60_000 },
  48001: { code: 'wechat_not_authorized', retryAfterMs: 600_000 },
  48004: { code: 'wechat_not_authorized', retryAfterMs: 600_000 },
};

/** Whether a new access token may turn this refusal into a success. */
export function refusesToken(answer: WechatAnswer): boolean {
  return TOKEN_REFUSED.has(answer.errcode);
}

/**
 * What a refusal (`errcode` other than 0) means for the execution. A code that is not listed is retried: WeChat adds
 * codes, and an attempt is cheaper than a lost message.
 * @see https://developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html
 */
export function judgeWechatRefusal(answer: WechatAnswer): OperationResult {
  const reason = `WeChat answered ${answer.errcode}: ${answer.errmsg}`;
  const code = REJECTED[answer.errcode];
  if (code) return rejected({ code, reason });
  return retry({ ...(RETRIED[answer.errcode] ?? { code: `wechat_${answer.errcode}` }), reason });
}
