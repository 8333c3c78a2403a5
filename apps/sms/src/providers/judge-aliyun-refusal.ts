import { rejected, retry, type OperationResult } from '@bus/contracts';

/** A refusal of Alibaba Cloud's SMS service: the text has not been sent. */
export interface AliyunRefusal {
  /** `isv.…`: of the caller. `isp.…`: of the service. Others: of the API gateway. */
  code: string;
  message: string;
  /** What the gateway asks for after throttling, where it does. */
  retryAfterMs?: number;
}

/** Calling again cannot help: the recipient, the text or the template has to change. */
const REJECTED: Record<string, string> = {
  'isv.MOBILE_NUMBER_ILLEGAL': 'invalid_recipient',
  'isv.MOBILE_COUNT_OVER_LIMIT': 'invalid_recipient',
  'isv.DOMESTIC_NUMBER_NOT_SUPPORTED': 'invalid_recipient',
  'isv.SMS_SIGNATURE_ILLEGAL': 'invalid_signature',
  'isv.SMS_SIGN_ILLEGAL': 'invalid_signature',
  'isv.SMS_SIGNATURE_SCENE_ILLEGAL': 'invalid_signature',
  'isv.SMS_TEMPLATE_ILLEGAL': 'invalid_template',
  'isv.TEMPLATE_MISSING_PARAMETERS': 'invalid_template_data',
  'isv.TEMPLATE_PARAMS_ILLEGAL': 'invalid_template_data',
  'isv.INVALID_JSON_PARAM': 'invalid_template_data',
  'isv.PARAM_LENGTH_LIMIT': 'invalid_template_data',
  'isv.PARAM_NOT_SUPPORT_URL': 'invalid_template_data',
  'isv.BLACK_KEY_CONTROL_LIMIT': 'content_refused',
  'isv.SMS_CONTENT_ILLEGAL': 'content_refused',
  'isv.INVALID_PARAMETERS': 'invalid_request',
};

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Passes by itself, or when an operator has set the account right. Milliseconds to wait at least. */
const RETRIED: Record<string, { code: string; retryAfterMs: number }> = {
  'isv.DAY_LIMIT_CONTROL': { code: 'sms_quota_used_up', retryAfterMs: HOUR_MS },
  'isv.MONTH_LIMIT_CONTROL': { code: 'sms_quota_used_up', retryAfterMs: HOUR_MS },
  'isv.AMOUNT_NOT_ENOUGH': { code: 'sms_balance_used_up', retryAfterMs: 10 * MINUTE_MS },
  'isv.OUT_OF_SERVICE': { code: 'sms_balance_used_up', retryAfterMs: 10 * MINUTE_MS },
  'isv.PRODUCT_UN_SUBSCRIPT': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'isv.PRODUCT_UNSUBSCRIBE': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'isv.ACCOUNT_NOT_EXISTS': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'isv.ACCOUNT_ABNORMAL': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'isv.DENY_IP_RANGE': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'isp.RAM_PERMISSION_DENY': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'InvalidAccessKeyId.NotFound': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  'InvalidAccessKeyId.Inactive': { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
  SignatureDoesNotMatch: { code: 'sms_not_authorized', retryAfterMs: 10 * MINUTE_MS },
};

/**
 * What a refusal means for the execution. A code that is not listed is retried: an attempt is cheaper than a lost text.
 * @see https://help.aliyun.com/document_detail/101346.html
 */
export function judgeAliyunRefusal(refusal: AliyunRefusal): OperationResult {
  const reason = `Alibaba Cloud answered ${refusal.code}: ${refusal.message}`;
  const code = REJECTED[refusal.code];
  if (code) return rejected({ code, reason });
  return retry({ ...waitFor(refusal), reason });
}

function waitFor(refusal: AliyunRefusal): { code: string; retryAfterMs?: number } {
  const { code, retryAfterMs } = refusal;
  if (code === 'isv.BUSINESS_LIMIT_CONTROL')
    return { code: 'sms_rate_limited', retryAfterMs: limitMs(refusal) };
  if (code.startsWith('Throttling')) return { code: 'sms_rate_limited', retryAfterMs: retryAfterMs ?? 1_000 };
  if (RETRIED[code]) return RETRIED[code];
  return { code: code.startsWith('isp.') ? 'sms_busy' : `sms_${code}` };
}

/** One number takes so many texts a minute, an hour, a day; the message alone says which limit was met. */
function limitMs({ message }: AliyunRefusal): number {
  return message.includes('分钟') ? MINUTE_MS : HOUR_MS;
}
