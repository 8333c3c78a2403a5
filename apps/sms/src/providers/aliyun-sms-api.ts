import Dysmsapi, { SendSmsRequest, type SendSmsResponse } from '@alicloud/dysmsapi20170525';
import { Config } from '@alicloud/openapi-client';
import { completed, retry, type OperationResult } from '@bus/contracts';
import { circuitBreaker, ConsecutiveBreaker, handleType, isBrokenCircuitError } from 'cockatiel';
import { judgeAliyunRefusal, type AliyunRefusal } from './judge-aliyun-refusal';
import { SmsOutcomeUnknownError, SmsUnreachableError } from './sms.errors';

export interface AliyunSmsOptions {
  accessKeyId: string;
  accessKeySecret: string;
  /** Host and port, without a scheme. Default in settings: `dysmsapi.aliyuncs.com`. */
  endpoint: string;
  protocol: 'HTTPS' | 'HTTP';
  /** Of one call; below the operation's own timeout. */
  timeoutMs: number;
}

export interface AliyunText {
  phone: string;
  signName: string;
  templateCode: string;
  variables: Record<string, string>;
  /** Comes back in Alibaba Cloud's receipts and reports. It keeps nothing from being sent twice. */
  outId: string;
}

/** Calls that fail one after another before the service is left alone. */
const FAILURES_TO_OPEN = 5;
/** How long it is left alone before one call tries again. */
const OPEN_MS = 10_000;
/** Errors that come before a byte of the request has left. */
const NEVER_LEFT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/**
 * Sends texts by Alibaba Cloud's SMS service, through its official SDK.
 * @see https://help.aliyun.com/document_detail/419273.html
 */
export class AliyunSmsApi {
  private readonly client: Dysmsapi;
  /** While the service is down, attempts end at once instead of holding a slot for the whole timeout. */
  private readonly breaker = circuitBreaker(handleType(SmsUnreachableError).orType(SmsOutcomeUnknownError), {
    halfOpenAfter: OPEN_MS,
    breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN),
  });

  constructor({ timeoutMs, ...access }: AliyunSmsOptions) {
    this.client = new Dysmsapi(new Config({ ...access, connectTimeout: timeoutMs, readTimeout: timeoutMs }));
  }

  /**
   * `completed` with `{ providerMessageId }` once the service has taken the text; `retry` and `rejected` only where it
   * certainly has not.
   * @throws SmsOutcomeUnknownError where it may have
   */
  async send(text: AliyunText): Promise<OperationResult> {
    try {
      return await this.breaker.execute(() => this.call(text));
    } catch (error) {
      if (isBrokenCircuitError(error))
        return unreachable('Alibaba Cloud failed several times in a row', OPEN_MS);
      if (error instanceof SmsUnreachableError) return unreachable(error.message);
      throw error;
    }
  }

  private async call(text: AliyunText): Promise<OperationResult> {
    const request = new SendSmsRequest({
      phoneNumbers: text.phone,
      signName: text.signName,
      templateCode: text.templateCode,
      templateParam: JSON.stringify(text.variables),
      outId: text.outId,
    });
    try {
      return judge(await this.client.sendSms(request));
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal) return judgeAliyunRefusal(refusal);
      throw lostCall(error);
    }
  }
}

function judge({ body }: SendSmsResponse): OperationResult {
  if (body?.code === 'OK') return completed({ providerMessageId: body.bizId ?? '' });
  if (!body?.code) throw new SmsOutcomeUnknownError('an answer without a code');
  return judgeAliyunRefusal({ code: body.code, message: body.message ?? '' });
}

/** The SDK throws answers of 400 and above. A 5xx may come after the text was sent: that is no refusal. */
function refusalOf(error: unknown): AliyunRefusal | null {
  const { statusCode, code, retryAfter, data } = error as {
    statusCode?: number;
    code?: string;
    /** Milliseconds. */
    retryAfter?: number;
    data?: { Message?: unknown };
  };
  if (!statusCode || !code) return null;
  if (statusCode >= 500 && !code.startsWith('Throttling')) return null;
  return { code, message: String(data?.Message ?? ''), ...(retryAfter ? { retryAfterMs: retryAfter } : {}) };
}

/** The SDK's own message holds the phone number and the text, so nothing of it goes on but its code. */
function lostCall(error: unknown): Error {
  if (error instanceof SmsOutcomeUnknownError) return error;
  const { code, name, statusCode } = error as { code?: string; name?: string; statusCode?: number };
  if (code && NEVER_LEFT.has(code)) return new SmsUnreachableError(code);
  return new SmsOutcomeUnknownError(statusCode ? `HTTP status ${statusCode}` : (code ?? name ?? 'no answer'));
}

function unreachable(reason: string, retryAfterMs?: number): OperationResult {
  return retry({ code: 'sms_unreachable', reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
